import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { startChild } from '../support/child.mjs';
import { forEveryUser, nextContext } from '../support/context.mjs';
import { duration, times } from '../support/figures.mjs';
import { nanosecondsOf } from '../support/rounds.mjs';

const CACHE_TTL = 3_600_000;
const TIMES_VENDOR = 3;

/** Evaluations that the cache answers, the provider called directly and awaited. */
export async function cached() {
  const { url, accountId, appId, stop } = await startChild('local-flagship.mjs');
  const options = { baseUrl: url, accountId, appId, cacheTtl: CACHE_TTL };
  const ours = new FlagshipServerProvider(options);
  const vendor = new VendorProvider(options);
  const boolean = (provider) => () => provider.resolveBooleanEvaluation('new-checkout', false, nextContext());
  const object = (provider) => () => provider.resolveObjectEvaluation('look', {}, nextContext());
  const lines = [
    await compare('boolean flag', boolean(ours), boolean(vendor)),
    await compare('object flag', object(ours), object(vendor)),
  ];
  await Promise.all([ours.onClose(), vendor.onClose()]);
  await stop();
  return { title: 'Cached evaluation, 500 users with five attributes', lines };
}

async function compare(what, ours, vendor) {
  await fill(ours);
  await fill(vendor);
  const figures = await nanosecondsOf({ ours, vendor });
  const ratio = figures.vendor / figures.ours;
  return {
    what,
    figure: duration(figures.ours),
    peer: '@cloudflare/flagship',
    peerFigure: duration(figures.vendor),
    ratio: times(ratio),
    wanted: `≥ ${times(TIMES_VENDOR)}`,
    reached: ratio >= TIMES_VENDOR,
  };
}

async function fill(call) {
  await forEveryUser(call);
  const { reason } = await forEveryUser(call);
  if (reason !== 'CACHED') throw new Error(`a cached answer was expected, but its reason is ${reason}`);
}
