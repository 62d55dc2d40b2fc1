import type * as OpenTelemetry from '@opentelemetry/api';

type Api = typeof OpenTelemetry;

/** Undefined until it was looked for, null where it is not installed. */
let found: Api | null | undefined;

function load(): Api | null {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- it may not be there
    return require('@opentelemetry/api') as Api;
  } catch {
    // Not installed, or not to be used: flags do without it.
    return null;
  }
}

/** The API of OpenTelemetry; null where it is not installed. */
export function openTelemetryApi(): Api | null {
  if (found === undefined) found = load();
  return found;
}
