import { NOOP_PROVIDER, OpenFeature, type Provider } from '@openfeature/server-sdk';
import { messageOf } from '../errors';
import { FlagshipLogger } from '../logging';
import { FlagshipServerProvider } from './flagship-server-provider';
import { whileRegistering } from './own-events';

/** A provider that is registered with OpenFeature. */
export interface BoundProvider {
  /** The domain it is registered under; none for the default. */
  readonly domain: string | undefined;
  /** Settled when the provider has started, or has failed to; never rejects. */
  readonly ready: Promise<void>;
  /** Takes the provider out of OpenFeature again and closes it. */
  unbind(): Promise<void>;
}

/**
 * The domains that applications of this process hold. OpenFeature has one default provider for the whole process: a
 * second application that took it would close the first one's.
 */
const held = new Map<string | undefined, Provider>();

function isHeld(domain: string | undefined): boolean {
  const holder = held.get(domain);
  // Somebody may have replaced it meanwhile; then the domain is free again.
  return holder !== undefined && OpenFeature.getProvider(domain) === holder;
}

function hold(wanted: string | undefined, provider: Provider): string | undefined {
  let domain = wanted;
  for (let number = 2; isHeld(domain); number++) domain = `${wanted ?? 'flagship'}#${number}`;
  held.set(domain, provider);
  return domain;
}

async function register(domain: string | undefined, provider: Provider): Promise<void> {
  return whileRegistering(provider, () => {
    if (domain === undefined) return OpenFeature.setProviderAndWait(provider);
    // A domain without a provider has the default one, and OpenFeature would not give it the same as its own.
    if (OpenFeature.getProvider(domain) === provider) OpenFeature.setProvider(domain, NOOP_PROVIDER);
    return OpenFeature.setProviderAndWait(domain, provider);
  });
}

/**
 * Registers a provider. One that fails to start is reported and stays registered: evaluations answer their defaults, and
 * the application starts all the same.
 */
export function bindProvider(wanted: string | undefined, provider: Provider): BoundProvider {
  const domain = hold(wanted, provider);
  let isBound = true;
  return {
    domain,
    ready: startUp(domain, provider, () => isBound),
    unbind: async () => {
      isBound = false;
      // Somebody may have registered another provider since: that one is not ours to remove.
      const replaced = OpenFeature.getProvider(domain) === provider && register(domain, NOOP_PROVIDER);
      if (held.get(domain) === provider) held.delete(domain);
      if (replaced === false) return;
      await replaced;
      await close(provider);
    },
  };
}

async function startUp(
  domain: string | undefined,
  provider: Provider,
  isBound: () => boolean,
): Promise<void> {
  try {
    await register(domain, provider);
  } catch (error) {
    // A start that was given up has failed elsewhere, and that has been told.
    if (!isBound()) return;
    new FlagshipLogger('FlagshipModule').warn(
      `The flag provider did not start; flags answer their defaults. ${messageOf(error)}`,
    );
  }
}

/** OpenFeature closes a provider that it replaces, but does not wait for it; ours can be closed twice. */
async function close(provider: Provider): Promise<void> {
  // Another application may use the same one.
  const isShared = [...held.values()].includes(provider);
  if (provider instanceof FlagshipServerProvider && !isShared) await provider.onClose();
}
