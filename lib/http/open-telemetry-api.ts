import type * as OpenTelemetry from '@opentelemetry/api';

export type OpenTelemetryApi = typeof OpenTelemetry;

/** Undefined until the first call; null when the package is not installed. */
let cachedApi: OpenTelemetryApi | null | undefined;

function loadApi(): OpenTelemetryApi | null {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an optional peer dependency
    return require('@opentelemetry/api') as OpenTelemetryApi;
  } catch {
    // Not installed, or it cannot be loaded: flags are evaluated without traces.
    return null;
  }
}

/** Returns the API of OpenTelemetry, or null when it is not installed. */
export function openTelemetryApi(): OpenTelemetryApi | null {
  if (cachedApi === undefined) cachedApi = loadApi();
  return cachedApi;
}
