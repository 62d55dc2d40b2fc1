import { type ModulesContainer } from '@nestjs/core';
import { type Client } from '@openfeature/server-sdk';
import { MODULE_ID } from './module.tokens';
import { type FlagService } from '../service';

/** One import of the module, before its options are known. */
export interface ModuleId {
  readonly domain: string | undefined;
  /** Distinguishes this import from all others. */
  readonly id: string;
}

/** What the application's main module offers under the names that belong to none in particular. */
export interface MainParts {
  readonly flags: FlagService;
  readonly client: Client;
}

/**
 * The Flagship module that is meant where no domain is named: the one without a domain or, where each has one, the
 * first that the application imports.
 */
export class MainModule {
  readonly parts: Promise<MainParts>;
  private readonly identity: ModuleId | undefined;
  private offer!: (parts: MainParts) => void;

  constructor(modules: ModulesContainer) {
    const identities = [...modules.values()]
      .map(({ providers }) => providers.get(MODULE_ID)?.instance as ModuleId | undefined)
      .filter((identity) => identity !== undefined);
    this.identity = identities.find(({ domain }) => domain === undefined) ?? identities[0];
    this.parts = new Promise((resolve) => (this.offer = resolve));
  }

  /** Is it this one? It offers its parts then. */
  isMain(identity: ModuleId, parts: MainParts): boolean {
    const isMain = this.identity === identity;
    if (isMain) this.offer(parts);
    return isMain;
  }

  /** Is a flag of this domain one of that module? */
  means(identity: ModuleId, domain: string | undefined): boolean {
    return domain === undefined ? this.identity === identity : identity.domain === domain;
  }
}
