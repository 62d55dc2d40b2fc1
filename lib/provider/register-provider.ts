import { NOOP_PROVIDER, OpenFeature, type Provider } from '@openfeature/server-sdk';
import { FlagshipError, messageOf } from '../errors';
import { detached, withTimeLimit } from '../runtime';
import { FlagshipLogger, withoutCredentials } from '../logging';
import { FlagshipServerProvider } from './flagship-server-provider';
import { removeListeners, whileRegistering } from './domain-event-emitter';
import { FailingProvider } from './failing-provider';
import { type Registration, registry } from './registry';

/**
 * The longest time in milliseconds that the start of an application waits for a provider of the application's. It is
 * longer than the first download of common providers, and half of the shortest time that Kubernetes gives a container
 * by default (six probes, one every 10 s).
 */
export const START_LIMIT_MS = 30_000;

/** The longest time in milliseconds that a closing application waits for its provider: half of the 10 s of Docker. */
const CLOSE_LIMIT_MS = 5000;

/** A provider that is registered with OpenFeature. */
export interface RegisteredProvider {
  readonly provider: Provider;
  /** The domain that it is registered for; undefined for the default provider. */
  readonly domain: string | undefined;
  /** Resolves when the provider has started, has failed to start, or has exceeded the time limit. Never rejects. */
  readonly ready: Promise<void>;
  /** Removes the provider from OpenFeature and closes it, within the time limit. Never rejects. */
  unregister(): Promise<void>;
}

/** Distinct from `NOOP_PROVIDER`, which replaces it at once; see {@link replaceWithNoop}. */
const INTERIM_PROVIDER = Object.create(NOOP_PROVIDER) as Provider;

/**
 * Whether an application of this process uses the domain. OpenFeature has one default provider for the whole process,
 * and closes it when a second application registers another.
 */
function isClaimed(domain: string | undefined): boolean {
  const holder = registry.claimed.get(domain);
  // If the application has registered another provider meanwhile, the domain is free again.
  return holder !== undefined && OpenFeature.getProvider(domain) === holder;
}

/**
 * Claims the wanted domain or, if another application uses it, the same name with a number. Returns the claimed domain.
 */
function claimDomain(wanted: string | undefined, provider: Provider): string | undefined {
  let domain = wanted;
  for (let number = 2; isClaimed(domain); number++) domain = `${wanted ?? 'flagship'}#${number}`;
  registry.claimed.set(domain, provider);
  return domain;
}

async function register(domain: string | undefined, registration: Registration): Promise<void> {
  const { provider } = registration;
  return whileRegistering(registration, () => {
    if (domain === undefined) return OpenFeature.setProviderAndWait(provider);
    // A domain without a provider uses the default one, and OpenFeature ignores a provider that the domain already
    // uses.
    if (OpenFeature.getProvider(domain) === provider) OpenFeature.setProvider(domain, NOOP_PROVIDER);
    return OpenFeature.setProviderAndWait(domain, provider);
  });
}

/**
 * Registers a provider with OpenFeature, outside of the request that may have caused it. A provider that fails to
 * start, or does not start in time, is reported and stays registered: evaluations return their defaults, and the
 * application starts.
 *
 * @param wanted The domain; another application's domain gets a number, see {@link RegisteredProvider.domain}.
 * @param startLimitMs The longest wait for the start in milliseconds. Without it, the provider has its own time limits.
 */
export function registerProvider(
  wanted: string | undefined,
  provider: Provider,
  startLimitMs?: number,
): RegisteredProvider {
  const domain = claimDomain(wanted, provider);
  const unregistration = new AbortController();
  const wantedRegistration: Registration = { provider, listeners: [] };
  const start = detached(() => register(domain, wantedRegistration));
  const isAccepted = OpenFeature.getProvider(domain) === provider;
  const registration = isAccepted ? wantedRegistration : registerRefused(domain);
  return {
    provider,
    domain,
    ready: detached(() => startUp(start, startLimitMs, unregistration.signal)),
    unregister: () => {
      unregistration.abort();
      return detached(() => unregister(domain, registration));
    },
  };
}

/** Registers a replacement for a provider that OpenFeature refused because it throws at once or cannot be read. */
function registerRefused(domain: string | undefined): Registration {
  const registration: Registration = { provider: new FailingProvider(), listeners: [] };
  registry.claimed.set(domain, registration.provider);
  // The replacement always fails to start. The log reports the failure of the provider that it replaces.
  detached(() => register(domain, registration)).catch(() => undefined);
  return registration;
}

async function startUp(
  start: Promise<void>,
  startLimitMs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    await (startLimitMs === undefined
      ? start
      : withTimeLimit('providerStart', start, startLimitMs, { signal }));
  } catch (error) {
    // The application closed before its provider had started.
    if (signal.aborted) return;
    warn(`The flag provider did not start; flags answer their defaults. ${describeError(error)}`);
  }
}

async function unregister(domain: string | undefined, registration: Registration): Promise<void> {
  const { provider } = registration;
  // The application may have registered another provider since, which is not this module's to remove.
  const isRegistered = OpenFeature.getProvider(domain) === provider;
  const removal = isRegistered ? replaceWithNoop(domain) : Promise.resolve();
  if (registry.claimed.get(domain) === provider) registry.claimed.delete(domain);
  removeListeners(registration);
  try {
    await withTimeLimit(
      'providerClose',
      () => Promise.all([removal, isRegistered && close(provider)]),
      CLOSE_LIMIT_MS,
    );
  } catch (error) {
    warn(`The flag provider did not close as it should. ${describeError(error)}`);
  }
}

/**
 * Replaces the domain's provider with OpenFeature's no-op provider. OpenFeature keeps the previous provider in memory
 * for as long as it knows the domain, which is for ever, so an interim provider comes between. Both are registered in
 * one turn of the event loop, so no evaluation reaches the interim one.
 */
async function replaceWithNoop(domain: string | undefined): Promise<void> {
  const registrations = [INTERIM_PROVIDER, NOOP_PROVIDER].map((provider) =>
    register(domain, { provider, listeners: [] }),
  );
  await Promise.all(registrations);
}

/**
 * Closes a Flagship provider. OpenFeature closes it too, but does not wait; a Flagship provider can be closed twice.
 */
async function close(provider: Provider): Promise<void> {
  // Another application may use the same provider.
  const isShared = [...registry.claimed.values()].includes(provider);
  if (FlagshipServerProvider.isInstance(provider) && !isShared) await provider.onClose();
}

function warn(problem: string): void {
  new FlagshipLogger('FlagshipModule').warn(problem);
}

/** Returns the message of an error, without credentials: another provider may quote the URL that it connects to. */
function describeError(error: unknown): string {
  const message = messageOf(error);
  return error instanceof FlagshipError ? message : withoutCredentials(message);
}
