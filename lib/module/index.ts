export { FlagshipRootModule } from './flagship-root.module';
export { nextModuleId } from './module-id';
export { OPTIONS_OVERRIDE, type OptionsOverride } from './options-override';
