export { guardedHooks } from './guarded-hook';
export { LoggingHook, type LoggingHookLogger, type LoggingHookOptions } from './logging-hook';
export { type TelemetryEvent, TelemetryHook } from './telemetry-hook';
