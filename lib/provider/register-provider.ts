import { NOOP_PROVIDER, OpenFeature, type Provider } from '@openfeature/server-sdk';
import { FlagshipError, messageOf } from '../errors';
import { detached, limited } from '../runtime';
import { FlagshipLogger, withoutCredentials } from '../logging';
import { FlagshipServerProvider } from './flagship-server-provider';
import { removeListeners, whileRegistering } from './domain-event-emitter';
import { RefusedProvider } from './refused-provider';
import { type Registration, registry } from './registry';

/**
 * How long an application's start waits for a provider of the user's, in milliseconds. Longer than providers of the
 * field need for a first download, and half of what Kubernetes gives a container at the least (a probe every 10 s, six
 * times).
 */
export const START_LIMIT_MS = 30_000;

/** How long an application's end waits for its provider, in milliseconds: half of the 10 s that Docker waits. */
export const CLOSE_LIMIT_MS = 5000;

/** A provider that is registered with OpenFeature. */
export interface RegisteredProvider {
  readonly provider: Provider;
  /** The domain it is registered under; none for the default. */
  readonly domain: string | undefined;
  /** Settled when the provider has started, has failed to, or has taken too long; never rejects. */
  readonly ready: Promise<void>;
  /** Takes the provider out of OpenFeature again and closes it; never rejects, and waits no longer than the limit. */
  unregister(): Promise<void>;
}

/** Distinct from `NOOP_PROVIDER`, which it stands in front of for a moment; see {@link takeOut}. */
const INTERIM_PROVIDER = Object.create(NOOP_PROVIDER) as Provider;

/**
 * Whether an application of this process uses the domain. OpenFeature has one default provider for the whole process: a
 * second application that took it would close the first one's.
 */
function isClaimed(domain: string | undefined): boolean {
  const holder = registry.claimed.get(domain);
  // The application may have registered another provider meanwhile; then the domain is free again.
  return holder !== undefined && OpenFeature.getProvider(domain) === holder;
}

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
    // A domain without a provider has the default one, and OpenFeature would not give it the same as its own.
    if (OpenFeature.getProvider(domain) === provider) OpenFeature.setProvider(domain, NOOP_PROVIDER);
    return OpenFeature.setProviderAndWait(domain, provider);
  });
}

/**
 * Registers a provider, outside of the request that may have set it off. One that fails to start, or does not start in
 * time, is reported and stays registered: evaluations answer their defaults, and the application starts all the same.
 *
 * @param startLimitMs How long to wait for the start in milliseconds; without it the provider keeps limits of its own.
 */
export function registerProvider(
  wanted: string | undefined,
  provider: Provider,
  startLimitMs?: number,
): RegisteredProvider {
  const domain = claimDomain(wanted, provider);
  const unbound = new AbortController();
  const given: Registration = { provider, listeners: [] };
  const start = detached(() => register(domain, given));
  const registration = OpenFeature.getProvider(domain) === provider ? given : registerRefused(domain);
  return {
    provider,
    domain,
    ready: detached(() => startUp(start, startLimitMs, unbound.signal)),
    unregister: () => {
      unbound.abort();
      return detached(() => unregister(domain, registration));
    },
  };
}

/** Registers a stand-in for a provider that OpenFeature has refused: one that throws at once, or that it cannot read. */
function registerRefused(domain: string | undefined): Registration {
  const registration: Registration = { provider: new RefusedProvider(), listeners: [] };
  registry.claimed.set(domain, registration.provider);
  // It fails to start, like the one in whose place it is, of which the log tells.
  detached(() => register(domain, registration)).catch(() => undefined);
  return registration;
}

async function startUp(
  start: Promise<void>,
  startLimitMs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    await (startLimitMs === undefined ? start : limited('providerStart', start, startLimitMs, { signal }));
  } catch (error) {
    // A start that was given up has failed elsewhere, and that has been told.
    if (signal.aborted) return;
    warn(`The flag provider did not start; flags answer their defaults. ${describeError(error)}`);
  }
}

async function unregister(domain: string | undefined, registration: Registration): Promise<void> {
  const { provider } = registration;
  // Another provider may have been registered since: that one is not this application's to remove.
  const isRegistered = OpenFeature.getProvider(domain) === provider;
  const takenOut = isRegistered ? takeOut(domain) : Promise.resolve();
  if (registry.claimed.get(domain) === provider) registry.claimed.delete(domain);
  removeListeners(registration);
  try {
    await limited(
      'providerClose',
      () => Promise.all([takenOut, isRegistered && close(provider)]),
      CLOSE_LIMIT_MS,
    );
  } catch (error) {
    warn(`The flag provider did not close as it should. ${describeError(error)}`);
  }
}

/**
 * Puts OpenFeature's own provider in place of the domain's. In two steps, as OpenFeature keeps the provider before the
 * last for as long as it knows the domain, which is for ever. Both are taken before anything else can happen.
 */
async function takeOut(domain: string | undefined): Promise<void> {
  const steps = [INTERIM_PROVIDER, NOOP_PROVIDER].map((provider) =>
    register(domain, { provider, listeners: [] }),
  );
  await Promise.all(steps);
}

/** OpenFeature closes a provider that it replaces, but does not wait for it; ours can be closed twice. */
async function close(provider: Provider): Promise<void> {
  // Another application may use the same one.
  const isShared = [...registry.claimed.values()].includes(provider);
  if (FlagshipServerProvider.isOne(provider) && !isShared) await provider.onClose();
}

function warn(problem: string): void {
  new FlagshipLogger('FlagshipModule').warn(problem);
}

/** What went wrong; in the words of another provider, which may quote what it connects with, without credentials. */
function describeError(error: unknown): string {
  const message = messageOf(error);
  return error instanceof FlagshipError ? message : withoutCredentials(message);
}
