import ts from 'typescript';
import { createProject, type Project } from './compile';

// A program takes seconds to compile, and more on a busy machine.
jest.setTimeout(180_000);

// The fixtures say with `@ts-expect-error` what must not compile: an error that is missing is an error.
describe('flag keys, with the types as they are published,', () => {
  const { CommonJS, Node16, ESNext } = ts.ModuleKind;
  const { Node10, Bundler } = ts.ModuleResolutionKind;
  const systems: Readonly<Record<string, ts.CompilerOptions>> = {
    node10: { module: CommonJS, moduleResolution: Node10 },
    node16: { module: Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
    bundler: { module: ESNext, moduleResolution: Bundler },
  };
  let project: Project;
  beforeAll(() => (project = createProject()));
  afterAll(() => project.remove());

  it.each(Object.keys(systems))('declared, %s', (system) => {
    expect(project.problems('declared', systems[system]!)).toEqual([]);
  });

  it.each(Object.keys(systems))('declared with a domain, in interfaces of this package, %s', (system) => {
    expect(project.problems('own', systems[system]!)).toEqual([]);
  });

  it('declared in both ways, and without strict types', () => {
    expect(project.problems('both', systems.node16!)).toEqual([]);
    expect(project.problems('own', { ...systems.node16, strict: false })).toEqual([]);
  });

  it('partly declared, and not at all', () => {
    expect(project.problems('partly', systems.node16!)).toEqual([]);
    expect(project.problems('undeclared', systems.node16!)).toEqual([]);
  });

  it('need nothing that is not there', () => {
    expect(project.problemsOfPackage(systems.node16!)).toEqual([]);
  });
});
