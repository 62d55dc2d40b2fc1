import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(__dirname, '../..');
const fixtures = join(__dirname, 'fixtures');

function projectOptions(file: string): ts.CompilerOptions {
  const path = join(root, file);
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as { config: unknown };
  return ts.parseJsonConfigFileContent(config, ts.sys, root, undefined, path).options;
}

/** As an application of Nest is set up: OpenFeature's way to declare keys needs `skipLibCheck`. */
const appOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  strict: true,
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  types: ['node'],
  noEmit: true,
};

function problemsOf(program: ts.Program, isMeant: (file: string) => boolean, from: string): string[] {
  if (!program.getSourceFiles().some(({ fileName }) => isMeant(fileName)))
    throw new Error('Nothing was compiled.');
  return ts.getPreEmitDiagnostics(program).flatMap(({ file, start = 0, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    if (file === undefined) return [text];
    if (!isMeant(file.fileName)) return [];
    const { line } = file.getLineAndCharacterOfPosition(start);
    return [`${relative(from, file.fileName)}:${line + 1} ${text}`];
  });
}

const filesOf = (folder: string): string[] => readdirSync(folder).map((name) => join(folder, name));

/** A project that has the package installed, as it would be published. */
export interface Project {
  /** What is wrong with a fixture. */
  problems(fixture: string, options: ts.CompilerOptions): string[];
  /** What is wrong with the package's own types, which applications seldom check. */
  problemsOfPackage(options: ts.CompilerOptions): string[];
  remove(): void;
}

function emitTypes(outDir: string): void {
  const options = projectOptions('tsconfig.build.json');
  const sources = ts.sys.readDirectory(join(root, 'lib'), ['.ts'], ['**/*.spec.ts']);
  const program = ts.createProgram(sources, { ...options, outDir, emitDeclarationOnly: true });
  const { diagnostics } = program.emit();
  if (diagnostics.length > 0)
    throw new Error(ts.formatDiagnostics(diagnostics, ts.createCompilerHost(options)));
}

/** Emits the package's types and installs them beside what they import. */
export function createProject(): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flagship-types-')));
  const modules = join(folder, 'node_modules');
  const installed = join(modules, 'nestjs-flagship');
  mkdirSync(installed, { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  emitTypes(join(installed, 'dist'));
  cpSync(fixtures, join(folder, 'src'), { recursive: true });
  const compile = (fixture: string, options: ts.CompilerOptions) =>
    ts.createProgram(filesOf(join(folder, 'src', fixture)), {
      ...appOptions,
      typeRoots: [join(modules, '@types')],
      ...options,
    });
  return {
    problems: (fixture, options) => problemsOf(compile(fixture, options), () => true, folder),
    problemsOfPackage: (options) =>
      problemsOf(
        compile('undeclared', { ...options, skipLibCheck: false }),
        (file) => file.startsWith(installed),
        folder,
      ),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
