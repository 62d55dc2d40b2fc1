import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlagdCore } from '@openfeature/flagd-core';
import { GrowthBookClient } from '@growthbook/growthbook';
import { init } from '@launchdarkly/node-server-sdk';
import { TestData } from '@launchdarkly/node-server-sdk/integrations';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { CONTEXT } from './context.mjs';
import { formats } from './flag-formats.mjs';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const { targetingKey, ...attributes } = CONTEXT;

/**
 * Engines that evaluate in process. `open` takes flags in the engine's own format, as text, and returns how to ask for
 * one, promised as a caller of a provider gets it, and how to close.
 */
export const engines = {
  ours: { name: 'nestjs-flagship', format: formats.OURS, open: openOurs },
  flagd: { name: '@openfeature/flagd-core', format: formats.FLAGD, open: openFlagd },
  growthbook: { name: '@growthbook/growthbook', format: formats.GROWTHBOOK, open: openGrowthBook },
  launchdarkly: {
    name: '@launchdarkly/node-server-sdk',
    format: formats.LAUNCHDARKLY,
    open: openLaunchDarkly,
  },
};

/** From a file, which is how text gets in without a network. */
function openOurs(text) {
  const folder = mkdtempSync(join(tmpdir(), 'flags-'));
  const file = join(folder, 'flags.json');
  writeFileSync(file, text);
  const start = performance.now();
  const provider = new FlagshipServerProvider({ definitions: file });
  const time = performance.now() - start;
  rmSync(folder, { recursive: true });
  return {
    time,
    ask: (key) => provider.resolveBooleanEvaluation(key, false, CONTEXT),
    close: () => provider.onClose(),
  };
}

function openFlagd(text) {
  const core = new FlagdCore(undefined, silent);
  core.setConfigurations(text);
  return {
    ask: async (key) => core.resolveBooleanEvaluation(key, false, CONTEXT, silent),
    close: () => undefined,
  };
}

function openGrowthBook(text) {
  const client = new GrowthBookClient();
  client.initSync({ payload: JSON.parse(text) });
  const user = { attributes: { ...attributes, id: targetingKey } };
  return { ask: async (key) => client.evalFeature(key, user), close: () => client.destroy() };
}

async function openLaunchDarkly(text) {
  const data = new TestData();
  for (const flag of Object.values(JSON.parse(text))) data.usePreconfiguredFlag(flag);
  const client = init('sdk-key', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: silent,
  });
  await client.waitForInitialization({ timeout: 10 });
  const context = { kind: 'user', key: targetingKey, ...attributes };
  return { ask: (key) => client.boolVariationDetail(key, context, false), close: () => client.close() };
}
