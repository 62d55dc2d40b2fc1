import { resolve } from 'node:path';
import ts from 'typescript';

const LIB = resolve(__dirname, '../../lib');
const ENTRIES = ['index.ts', 'local-server/index.ts', 'testing/index.ts', 'terminus/index.ts'];
const OPTIONS = /(Options|Settings|Extras)$/;

const program = ts.createProgram(
  ENTRIES.map((entry) => resolve(LIB, entry)),
  {
    strict: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    types: ['node'],
  },
);
const checker = program.getTypeChecker();

/** Returns the exported options types of every entry, and the types of parameters called `options`, by name. */
function exportedOptions(): Map<string, ts.Type> {
  const found = new Map<string, ts.Type>();
  for (const entry of ENTRIES) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(resolve(LIB, entry))!)!;
    for (const name of checker.getExportsOfModule(module)) {
      const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
      if (OPTIONS.test(name.name) && symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias)) {
        found.set(name.name, checker.getDeclaredTypeOfSymbol(symbol));
      }
      if (!(symbol.flags & ts.SymbolFlags.Function)) continue;
      for (const { parameters } of checker.getTypeOfSymbol(symbol).getCallSignatures()) {
        const parameter = parameters.find((each) => each.name === 'options');
        if (parameter !== undefined) found.set(`options of ${name.name}`, checker.getTypeOfSymbol(parameter));
      }
    }
  }
  return found;
}

function allowsUndefined(type: ts.Type): boolean {
  const members = type.isUnion() ? type.types : [type];
  return members.some(({ flags }) => flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Unknown));
}

/** Returns the types of the members of a type, and of the items of a list or a record. */
function partsOf(type: ts.Type, seen = new Set<ts.Type>()): readonly ts.Type[] {
  if (seen.has(type)) return [];
  seen.add(type);
  if (type.isUnionOrIntersection()) return type.types.flatMap((member) => partsOf(member, seen));
  const items = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference) : [];
  const values = checker.getIndexInfosOfType(type).map((index) => index.type);
  return [type, ...[...items, ...values].flatMap((item) => partsOf(item, seen))];
}

/** Returns the optional properties of a type, and of the types of its own properties, that refuse `undefined`. */
function refusing(type: ts.Type, path: string, isRoot = true, seen = new Set<ts.Type>()): string[] {
  return partsOf(type)
    .filter((part) => part.flags & ts.TypeFlags.Object && !seen.has(part) && seen.add(part))
    .flatMap((part) => part.getProperties())
    .flatMap((property) => {
      const declaration = property.valueDeclaration;
      if (declaration === undefined || !ts.isPropertySignature(declaration)) return [];
      if (!isRoot && !declaration.getSourceFile().fileName.startsWith(LIB)) return [];
      const declared = checker.getTypeFromTypeNode(declaration.type!);
      const name = `${path}.${property.name}`;
      const isRefusing = Boolean(property.flags & ts.SymbolFlags.Optional) && !allowsUndefined(declared);
      return [...(isRefusing ? [name] : []), ...refusing(declared, name, false, seen)];
    });
}

describe('options under exactOptionalPropertyTypes', () => {
  const options = exportedOptions();

  it('knows the options of every entry', () => {
    expect([...options.keys()]).toEqual(
      expect.arrayContaining([
        'FeatureFlagOptions',
        'FlagshipHealthOptions',
        'FlagshipModuleAsyncOptions',
        'FlagshipModuleOptions',
        'FlagshipProviderOptions',
        'LocalFlagshipOptions',
        'options of FeatureFlag',
        'options of FlagDetails',
        'options of FlagValue',
      ]),
    );
  });

  it.each([...options])('%s takes undefined for every optional property', (name, type) => {
    expect(refusing(type, name)).toEqual([]);
  });
});
