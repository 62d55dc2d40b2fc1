export { FlagshipRootModule } from './flagship-root.module';
export { MODULE_ID } from './module.tokens';
export { type ModuleId, nextModuleId } from './module-id';
export { ModuleRegistry } from './module-registry';
export { OPTIONS_OVERRIDE, type OptionsOverride } from './options-override';
