import { join } from 'node:path';
import ts from 'typescript';
import { type Block, nameOf, ROOT } from './markdown';

function compilerOptions(): ts.CompilerOptions {
  const path = join(ROOT, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT, undefined, path);
  return { ...options, types: ['node'], noEmit: true, declaration: false };
}

/** Type-checks every block in one program. Returns the errors, with their lines in the Markdown file. */
export function typeErrors(file: string, blocks: readonly Block[]): string[] {
  const folder = join(__dirname, 'blocks');
  const virtual = new Map(blocks.map((block) => [join(folder, nameOf(block)), block]));
  const options = compilerOptions();
  const files = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...files,
    getSourceFile: (name, language, ...rest) => {
      const block = virtual.get(name);
      return block === undefined
        ? files.getSourceFile(name, language, ...rest)
        : ts.createSourceFile(name, block.code, language);
    },
    directoryExists: (name) => name === folder || files.directoryExists?.(name) === true,
    fileExists: (name) => virtual.has(name) || files.fileExists(name),
    readFile: (name) => virtual.get(name)?.code ?? files.readFile(name),
  };
  const program = ts.createProgram([...virtual.keys()], options, host);
  return [...virtual].flatMap(([name, block]) => {
    const source = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) => {
        const line = block.line + source.getLineAndCharacterOfPosition(start).line;
        return `${file}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      },
    );
  });
}

/** Runs a block as a module, which gets its imports from `load`. Returns its exports. */
export function runBlock(block: Block, load: (name: string) => unknown): Record<string, unknown> {
  const { outputText } = ts.transpileModule(block.code, {
    fileName: nameOf(block),
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      esModuleInterop: true,
    },
  });
  const module = { exports: {} as Record<string, unknown> };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the README's own code
  const run = new Function('require', 'module', 'exports', outputText) as (...args: unknown[]) => void;
  run(load, module, module.exports);
  return module.exports;
}
