import { type WantedFlag } from './flag-parameter';

const FLAG_PARAMETERS_METADATA = 'nestjs-flagship:flag-parameters';

/** What a parameter decorator has left on a method. */
export interface FlagParameterUse {
  readonly decorator: '@FlagValue' | '@FlagDetails';
  readonly wanted: WantedFlag;
}

/** Leaves word of a parameter on its method. */
export function rememberParameter(prototype: object, method: string | symbol, use: FlagParameterUse): void {
  // The last parameter is decorated first.
  Reflect.defineMetadata(
    FLAG_PARAMETERS_METADATA,
    [use, ...read(prototype, method as string)],
    prototype,
    method,
  );
}

/** Returns what the parameters of a method ask for; those of the methods that it overrides are not its own. */
export function ownFlagParameters(prototype: object, method: string): readonly FlagParameterUse[] {
  for (const declarer of chainOf(prototype))
    if (Object.hasOwn(declarer, method)) return read(declarer, method);
  return [];
}

/** Returns what Nest asks for a handler's parameters: also what the methods ask for that it overrides. */
export function inheritedFlagParameters(prototype: object, method: string): readonly FlagParameterUse[] {
  return chainOf(prototype).flatMap((declarer) => read(declarer, method));
}

function read(prototype: object, method: string): readonly FlagParameterUse[] {
  return (
    (Reflect.getOwnMetadata(FLAG_PARAMETERS_METADATA, prototype, method) as
      readonly FlagParameterUse[] | undefined) ?? []
  );
}

function chainOf(prototype: object): readonly object[] {
  const next = Object.getPrototypeOf(prototype) as object | null;
  return next === null ? [prototype] : [prototype, ...chainOf(next)];
}
