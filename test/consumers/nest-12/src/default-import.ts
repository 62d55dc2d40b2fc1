import flagship, { FlagService } from 'nestjs-flagship';

/** From an ES module the default import is the whole package, in its types as well. */
export function isFlagService(value: unknown): value is flagship.FlagService {
  return value instanceof FlagService && value instanceof flagship.FlagService;
}

export async function isOn(flags: flagship.FlagService, key: string): Promise<boolean> {
  const { value }: flagship.EvaluationDetails<boolean> = await flags.getBooleanDetails(key, false);
  return value;
}
