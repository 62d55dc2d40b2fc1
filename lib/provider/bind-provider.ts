import { Logger } from '@nestjs/common';
import { NOOP_PROVIDER, OpenFeature, type Provider } from '@openfeature/server-sdk';
import { messageOf } from '../errors';
import { FlagshipServerProvider } from './flagship-server-provider';
import { whileRegistering } from './own-events';

/** A provider that is registered with OpenFeature. */
export interface BoundProvider {
  /** The domain it is registered under; none for the default. */
  readonly domain: string | undefined;
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

function register(domain: string | undefined, provider: Provider): Promise<void> {
  return whileRegistering(provider, () =>
    domain === undefined
      ? OpenFeature.setProviderAndWait(provider)
      : OpenFeature.setProviderAndWait(domain, provider),
  );
}

/**
 * Registers a provider and waits until it is ready. A provider that fails to start is reported and stays registered:
 * evaluations answer their defaults, and the application starts all the same.
 */
export async function bindProvider(wanted: string | undefined, provider: Provider): Promise<BoundProvider> {
  const domain = hold(wanted, provider);
  try {
    await register(domain, provider);
  } catch (error) {
    new Logger('FlagshipModule').warn(
      `The flag provider did not start; flags answer their defaults. ${messageOf(error)}`,
    );
  }
  return {
    domain,
    unbind: async () => {
      // Somebody may have registered another provider since: that one is not ours to remove.
      if (OpenFeature.getProvider(domain) === provider) await replaceAndClose(domain, provider);
      if (held.get(domain) === provider) held.delete(domain);
    },
  };
}

async function replaceAndClose(domain: string | undefined, provider: Provider): Promise<void> {
  // OpenFeature closes a provider that it replaces, but does not wait for it; ours can be closed twice.
  if (provider instanceof FlagshipServerProvider) await provider.onClose();
  await register(domain, NOOP_PROVIDER);
}
