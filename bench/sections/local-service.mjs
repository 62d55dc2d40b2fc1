import 'reflect-metadata';
import { LaunchDarklyProvider } from '@launchdarkly/openfeature-node-server';
import { TestData } from '@launchdarkly/node-server-sdk/integrations';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OpenFeature } from '@openfeature/server-sdk';
import { FlagService, FlagshipModule } from 'nestjs-flagship';
import { CONTEXT } from '../support/context.mjs';
import { duration, times } from '../support/figures.mjs';
import { formats, threeFlags } from '../support/flag-formats.mjs';
import { nanosecondsOf } from '../support/rounds.mjs';

const MOST = 1500;
const DOMAIN = 'launchdarkly';

/** What an application pays for a flag that is evaluated in process, outside of any request's scope. */
export async function localService() {
  class AppModule {}
  Module({ imports: [FlagshipModule.forRoot({ definitions: threeFlags(formats.OURS) })] })(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  const flags = app.get(FlagService);
  const client = await launchDarkly();
  const lines = [];
  for (const key of ['one-rule', 'rollout', 'no-rule']) {
    const { ours, theirs } = await nanosecondsOf({
      ours: () => flags.isEnabled(key, false, CONTEXT),
      theirs: () => client.getBooleanValue(key, false, CONTEXT),
    });
    lines.push({
      what: `isEnabled, ${key}`,
      figure: duration(ours),
      peer: 'OpenFeature client, LaunchDarkly',
      peerFigure: duration(theirs),
      ratio: times(theirs / ours),
      wanted: `≤ ${duration(MOST)}`,
      reached: ours <= MOST,
    });
  }
  await app.close();
  await OpenFeature.clearProviders();
  return { title: 'FlagService with local evaluation', lines };
}

async function launchDarkly() {
  const data = new TestData();
  for (const flag of Object.values(threeFlags(formats.LAUNCHDARKLY))) data.usePreconfiguredFlag(flag);
  const options = { updateProcessor: data.getFactory(), sendEvents: false, diagnosticOptOut: true };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  await OpenFeature.setProviderAndWait(DOMAIN, new LaunchDarklyProvider('sdk-key', { ...options, logger }));
  return OpenFeature.getClient(DOMAIN);
}
