import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlagService, FlagshipModule } from 'nestjs-flagship';
import { startChild } from '../support/child.mjs';
import { forEveryUser, nextContext } from '../support/context.mjs';
import { duration, times } from '../support/figures.mjs';
import { inRequest } from '../support/in-request.mjs';
import { nanosecondsOf } from '../support/rounds.mjs';

const CACHE_TTL = 3_600_000;
const MOST_REPEATED = 1000;
const KEY = 'new-checkout';

/** `FlagService` against the OpenFeature client, over the same provider with a warm cache. */
export async function service() {
  const { url, accountId, appId, stop } = await startChild('local-flagship.mjs');
  const options = { baseUrl: url, accountId, appId, cacheTtl: CACHE_TTL };
  const app = await startApp(options);
  const flags = app.get(FlagService);
  const lines = await measure(flags, flags.client);
  await app.close();
  for (const propagation of ['interceptor', 'middleware']) {
    const main = { ...options, propagation };
    lines.push(line(`read again in a request, '${propagation}'`, await again([main]), MOST_REPEATED));
    const second = { ...main, domain: 'second' };
    lines.push(line('the same, two Flagship modules', await again([main, second]), MOST_REPEATED));
  }
  await stop();
  return { title: 'FlagService against the OpenFeature client, same provider, warm cache', lines };
}

function startApp(options) {
  class AppModule {}
  Module({ imports: [FlagshipModule.forRoot(options)] })(AppModule);
  return NestFactory.createApplicationContext(AppModule, { logger: false });
}

async function measure(flags, client) {
  const ours = () => flags.isEnabled(KEY, false, nextContext());
  const theirs = () => client.getBooleanValue(KEY, false, nextContext());
  if (!(await forEveryUser(ours))) throw new Error('the flag has no answer');
  const outside = await nanosecondsOf({ ours, theirs });
  const fresh = await nanosecondsOf({
    ours: () => flags.withContext(nextContext(), () => flags.isEnabled(KEY)),
    theirs: () => flags.withContext(nextContext(), () => client.getBooleanValue(KEY, false)),
  });
  const repeated = await flags.withContext(nextContext(), () => readings(flags));
  return [
    line('outside a scope, context given', outside),
    line('scope opened, read once', fresh),
    line('read again in one scope', repeated, MOST_REPEATED),
  ];
}

function readings(flags) {
  const { client } = flags;
  return nanosecondsOf({
    ours: () => flags.isEnabled(KEY),
    theirs: () => client.getBooleanValue(KEY, false),
  });
}

/** In the scope that a request's `propagation` opens. */
function again(modules) {
  return inRequest(modules, async (flags) => {
    if (!(await flags.isEnabled(KEY))) throw new Error('the flag has no answer');
    if (flags.context.targetingKey === undefined) throw new Error('there is no scope');
    return readings(flags);
  });
}

function line(what, { ours, theirs }, most) {
  return {
    what,
    figure: duration(ours),
    peer: 'OpenFeature client',
    peerFigure: duration(theirs),
    ratio: times(theirs / ours),
    wanted: most && `≤ ${duration(most)}`,
    reached: most && ours <= most,
  };
}
