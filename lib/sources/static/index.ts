export { FlagsFile } from './flags-file';
export { LastGoodFlags } from './last-good-flags';
export { StaticSource, flagsOf } from './static-source';
