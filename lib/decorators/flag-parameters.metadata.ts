import { type WantedFlag } from './flag-parameter';

const FLAG_PARAMETERS_METADATA = 'nestjs-flagship:flag-parameters';

/** What a parameter decorator has left on a method. */
export interface FlagParameterUse {
  readonly decorator: '@FlagValue' | '@FlagDetails';
  readonly wanted: WantedFlag;
}

/** Leaves word of a parameter on its method. */
export function rememberParameter(prototype: object, method: string | symbol, use: FlagParameterUse): void {
  const before = Reflect.getOwnMetadata(FLAG_PARAMETERS_METADATA, prototype, method) as
    readonly FlagParameterUse[] | undefined;
  // The last parameter is decorated first.
  Reflect.defineMetadata(FLAG_PARAMETERS_METADATA, [use, ...(before ?? [])], prototype, method);
}

/** The flags that the parameters of a method are. */
export function flagParametersOf(prototype: object, method: string): readonly FlagParameterUse[] {
  return (
    (Reflect.getMetadata(FLAG_PARAMETERS_METADATA, prototype, method) as
      readonly FlagParameterUse[] | undefined) ?? []
  );
}
