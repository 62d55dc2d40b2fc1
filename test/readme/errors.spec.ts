import { OpenFeature } from '@openfeature/server-sdk';
import {
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagshipServerProvider,
} from 'nestjs-flagship';
import { captureLog } from '../fixtures/captured-log';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';
import { waitUntil } from '../fixtures/wait-until';
import { evaluate, type Situation, situations } from './error-situations';
import { tableOf } from './markdown';
import { readme } from './readme-blocks';

const apps = useApp();
const servers = useServer();
const cleanUp = useCleanup();

/** Row → the warnings that it logs, besides the details of the evaluation. */
const WARNINGS: Readonly<Record<string, readonly string[]>> = {
  'The circuit is open': ['Flags may be out of date: The circuit to Flagship is open'],
  "The flag's definition is malformed, evaluated locally": [
    'Flag "flag" is malformed at flag.variations',
    'Flag "flag" is malformed at flag.default_variation',
  ],
};
const ATTEMPTS: Readonly<Record<string, number>> = { yes: 2, no: 1, 'not sent': 0 };

const rows = tableOf(readme, 'Errors');
let server: ScriptedServer;

beforeAll(async () => {
  server = await servers.start();
});

afterEach(() => {
  jest.restoreAllMocks();
});

async function evaluateThroughClient(provider: FlagshipServerProvider) {
  await OpenFeature.setProviderAndWait('errors', provider).catch(() => undefined);
  const details = await OpenFeature.getClient('errors').getStringDetails('flag', 'default');
  await OpenFeature.clearProviders();
  return details;
}

async function evaluateThroughModule(options: FlagshipModuleOptions) {
  const app = await apps.startContext({ imports: [FlagshipModule.forRoot(options)] });
  return app.get(FlagService).getStringDetails('flag', 'default');
}

/** Returns the details of one situation, and a function that returns the number of attempts since its preparation. */
async function detailsOf({ script = [{ status: 500 }], options = {}, source, ...situation }: Situation) {
  server.script(...script);
  let attempts = 0;
  const headersFactory = () => ((attempts += 1), options.headersFactory?.() ?? {});
  const provider = new FlagshipServerProvider(
    source ?? { endpoint: `${server.url}/evaluate`, retryDelay: 0, ...options, headersFactory },
  );
  cleanUp(() => provider.onClose());
  await situation.prepare?.(provider);
  attempts = 0;
  const { throughModule, throughClient, context } = situation;
  const details =
    throughModule !== undefined
      ? await evaluateThroughModule(throughModule)
      : throughClient === true
        ? await evaluateThroughClient(provider)
        : await evaluate(provider, context);
  return { details, attempts: () => attempts };
}

describe('the table of errors', () => {
  it('lists the situations that are tested', () => {
    expect(rows.map(([situation]) => situation)).toEqual(Object.keys(situations));
  });

  it.each(rows)('is true for: %s', async (row, value, reason, errorCode, retried) => {
    const lines = captureLog();
    for (const situation of situations[row]!) {
      const { details, attempts } = await detailsOf(situation);
      expect(details.value).toBe(value === 'your default' ? 'default' : 'served');
      if (details.reason !== undefined) expect(reason).toContain(`\`${details.reason}\``);
      expect(details.errorCode ?? '–').toBe(errorCode.replaceAll('`', ''));
      if (retried === 'in the background') await waitUntil(() => attempts() > 2, 'another attempt');
      else if (retried !== '–') expect(attempts()).toBe(ATTEMPTS[retried]);
    }
    const warnings = lines.filter((line) => !line.startsWith('log '));
    expect(warnings).toEqual((WARNINGS[row] ?? []).map((text): unknown => expect.stringContaining(text)));
  });
});
