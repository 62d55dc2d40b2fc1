import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlagService, FlagshipModule } from 'nestjs-flagship';
import { startChild } from '../support/child.mjs';
import { forEveryUser, nextContext } from '../support/context.mjs';
import { duration, times } from '../support/figures.mjs';
import { nanosecondsOf } from '../support/rounds.mjs';

const CACHE_TTL = 3_600_000;
const MOST_REPEATED = 1000;
const KEY = 'new-checkout';

/** `FlagService` against the OpenFeature client, over the same provider with a warm cache. */
export async function service() {
  const { url, accountId, appId, stop } = await startChild('local-flagship.mjs');
  const app = await startApp({ baseUrl: url, accountId, appId, cacheTtl: CACHE_TTL });
  const flags = app.get(FlagService);
  const lines = await measure(flags, flags.client);
  await app.close();
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
  const repeated = await flags.withContext(nextContext(), () =>
    nanosecondsOf({
      ours: () => flags.isEnabled(KEY),
      theirs: () => client.getBooleanValue(KEY, false),
    }),
  );
  return [
    line('outside a scope, context given', outside),
    line('scope opened, read once', fresh),
    line('read again in one scope', repeated, MOST_REPEATED),
  ];
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
