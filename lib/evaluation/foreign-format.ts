import { isJsonObject, type JsonObject } from './malformed-flag';

const isString = (value: unknown): boolean => typeof value === 'string';

/** The formats of one flag in files of other products, which would otherwise be values of JSON flags. */
const FLAG_FORMATS: readonly (readonly [is: (flag: JsonObject) => boolean, format: string])[] = [
  [
    ({ variants, defaultVariant, state }) =>
      isJsonObject(variants) && (isString(defaultVariant) || state === 'ENABLED' || state === 'DISABLED'),
    'the format of flagd, or of OpenFeature’s in-memory provider',
  ],
  [
    ({ variations, fallthrough, offVariation }) =>
      Array.isArray(variations) && (isJsonObject(fallthrough) || typeof offVariation === 'number'),
    'the format of LaunchDarkly',
  ],
];

/** Other documents, by their members, which would otherwise be flags by key. */
const DOCUMENT_FORMATS: readonly (readonly [is: (document: JsonObject) => boolean, format: string])[] = [
  [
    ({ value, reason, key, flagKey }) => value !== undefined && isString(reason) && isString(key ?? flagKey),
    'the answer of an evaluation, which holds a value and no definition',
  ],
  [
    ({ errorCode, key, flagKey, errorDetails, errorMessage }) =>
      isString(errorCode) && isString(key ?? flagKey ?? errorDetails ?? errorMessage),
    'the answer of an evaluation that failed',
  ],
  [({ flagValues }) => isJsonObject(flagValues), 'the format of LaunchDarkly'],
  [({ features }) => isFeatureList(features), 'the format of Unleash or GrowthBook'],
];

function isFeatureList(features: unknown): boolean {
  if (typeof features !== 'object' || features === null) return false;
  const member = Array.isArray(features) ? 'strategies' : 'defaultValue';
  return Object.values(features).some((each) => isJsonObject(each) && Object.hasOwn(each, member));
}

/**
 * Returns the format of another product that an object of flags by key is in; undefined for flags of Flagship. The
 * first flag that is an object decides, so that thousands of flags are not searched.
 */
export function foreignFormat(flags: JsonObject): string | undefined {
  try {
    const document = DOCUMENT_FORMATS.find(([is]) => is(flags));
    if (document !== undefined) return document[1];
    for (const key of Object.keys(flags)) {
      const flag = flags[key];
      if (isJsonObject(flag)) return FLAG_FORMATS.find(([is]) => is(flag))?.[1];
    }
  } catch {
    // A member cannot be read, which makes that flag alone malformed later.
  }
  return undefined;
}
