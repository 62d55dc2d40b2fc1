import { Global, Module } from '@nestjs/common';
import { ApplicationScopes } from '../context';
import { RequestFlags } from '../service';
import { ModuleRegistry } from './module-registry';

/** What all Flagship modules of an application have in common; guards, parameters and interceptors inject it. */
@Global()
@Module({
  providers: [RequestFlags, ApplicationScopes, ModuleRegistry],
  exports: [RequestFlags, ApplicationScopes, ModuleRegistry],
})
export class FlagshipCommonModule {}
