import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './markdown';

/** Option → the default in its doc comment, `required`, or undefined for an optional one without a default. */
export type DocumentedOptions = ReadonlyMap<string, string | undefined>;

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.ES2022, true);
}

function defaultOf(member: ts.PropertySignature): string | undefined {
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default');
  const said = tag === undefined ? undefined : ts.getTextOfJSDocComment(tag.comment)?.trim();
  return said ?? (member.questionToken === undefined ? 'required' : undefined);
}

/** Returns the options that an interface declares itself. */
export function interfaceOptions(path: string, name: string): DocumentedOptions {
  const found = parse(path).statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  );
  if (found === undefined) throw new Error(`${path} has no interface ${name}.`);
  return new Map(
    found.members
      .filter(ts.isPropertySignature)
      .map((member) => [member.name.getText(), defaultOf(member)] as const),
  );
}

/** Returns the options of the command, with the defaults in its usage text. */
export function commandOptions(): DocumentedOptions {
  const usage = readFileSync(join(ROOT, 'lib/cli/main.ts'), 'utf8');
  const options = new Map<string, string | undefined>();
  for (const [, name = '', value = ''] of usage.matchAll(/--([\w-]+) ([\w.-]+|<[\w-]+>)[\] ]/g)) {
    const optional = usage.includes(`[--${name} `);
    options.set(`--${name}`, value.startsWith('<') ? (optional ? undefined : 'required') : value);
  }
  return options;
}

/** Returns the options that the command's argument parser accepts. */
export function parsedOptions(): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === 'options') {
      for (const [, name = ''] of (node.initializer?.getText() ?? '').matchAll(/^ {2}'?([\w-]+)'?: \{/gm))
        names.push(`--${name}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(parse('lib/cli/local-command.ts'));
  return names;
}
