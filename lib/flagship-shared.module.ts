import { Global, Injectable, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ApplicationScopes } from './context';
import { MainModule } from './flagship-main';
import { RequestFlags } from './service';

/** What all Flagship modules of one application share. */
@Injectable()
export class FlagshipShared {
  readonly main: MainModule;

  constructor(
    modules: ModulesContainer,
    readonly flags: RequestFlags,
    readonly scopes: ApplicationScopes,
  ) {
    this.main = new MainModule(modules);
  }
}

/** One for all Flagship modules of an application; guards, parameters and interceptors find them by it. */
@Global()
@Module({
  providers: [RequestFlags, ApplicationScopes, FlagshipShared],
  exports: [RequestFlags, ApplicationScopes, FlagshipShared],
})
export class FlagshipSharedModule {}
