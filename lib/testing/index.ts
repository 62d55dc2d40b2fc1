export { type TestEvaluation } from './evaluation-recorder';
export { FlagshipTestingModule, type FlagshipTestingOptions } from './flagship-testing.module';
export { type TestFlagDefinition, type TestFlagValue, type TestFlagValues } from './test-flag-values';
export { TestFlags } from './test-flags';
