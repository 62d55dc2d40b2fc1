import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { FlagService, FlagshipModule, FlagshipServerProvider, LoggingHook } from 'nestjs-flagship';
import { startLocalFlagship } from 'nestjs-flagship/local';
import { captureOutput } from '../fixtures/captured-output';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useServer } from '../fixtures/use-server';

const FORGED =
  'gone\n[Nest] 1 - LOG Admin logged in\r\u001b[2J\u001b]0;owned\u0007\u202e\u2028\u009b1m\u0000';
const ACTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const output = captureOutput();
const servers = useServer();
let server: ScriptedServer;

beforeAll(async () => (server = await servers.start()));

function expectPlainLines(): void {
  expect(output.lines).not.toEqual([]);
  for (const line of output.lines) expect(line).not.toMatch(ACTIVE);
  expect(output.lines.join('\n')).toContain('gone\\n[Nest] 1');
}

it.each([400, 404, 503])('what a server says in HTTP %i begins no line of a log', async (status) => {
  server.script({ status, body: { errorDetails: FORGED } });
  const options = { endpoint: `${server.url}/evaluate`, retries: 0, logging: true };
  const app = await Test.createTestingModule({
    imports: [
      FlagshipModule.forRoot({ ...options, hooks: [new LoggingHook(), new LoggingHook({ logger: Logger })] }),
    ],
  }).compile();
  expect(await app.get(FlagService).isEnabled('flag')).toBe(false);
  expectPlainLines();
  await app.close();
});

it('nor does the key of a flag, its value or its variant', async () => {
  server.script((response, { url }) => {
    const flagKey = new URL(url, server.url).searchParams.get('flagKey');
    response.end(JSON.stringify({ flagKey, value: FORGED, variant: FORGED, reason: FORGED }));
  });
  const provider = new FlagshipServerProvider({ endpoint: `${server.url}/evaluate`, logging: true });
  const details = await provider.resolveStringEvaluation(FORGED, '', {}, output.logger);
  expect(details.value).toBe(FORGED);
  expect(await provider.resolveBooleanEvaluation(FORGED, false, {}, output.logger)).toMatchObject({
    errorCode: 'TYPE_MISMATCH',
  });
  expectPlainLines();
  await provider.onClose();
});

it('nor does a malformed flag of downloaded definitions', async () => {
  server.script({
    body: { flags: { [FORGED]: { enabled: true, default_variation: 'a', variations: {}, rules: 7 } } },
  });
  const provider = new FlagshipServerProvider({
    endpoint: `${server.url}/evaluate`,
    accountId: 'a',
    localEvaluation: true,
  });
  await provider.initialize();
  expectPlainLines();
  await provider.onClose();
});

it('nor does a flag of the local Flagship', async () => {
  const broken = { enabled: true, default_variation: 'a', variations: {}, rules: 7 } as never;
  const flagship = await startLocalFlagship({ flags: { flags: { [FORGED]: broken } } });
  await flagship.close();
  expectPlainLines();
});

it('a logger that throws costs no answer', async () => {
  Logger.overrideLogger({ log: fail, warn: fail, error: fail, debug: fail });
  server.script({ status: 503 });
  const provider = new FlagshipServerProvider({
    endpoint: `${server.url}/evaluate`,
    retries: 0,
    logging: true,
    circuitBreaker: { threshold: 1 },
  });
  const log = { error: fail, warn: fail, info: fail, debug: fail };
  for (let round = 0; round < 3; round++)
    expect(await provider.resolveBooleanEvaluation('flag', false, {}, log)).toMatchObject({
      errorCode: 'GENERAL',
    });
  expect(provider.stats().circuit?.state).toBe('open');
  await provider.onClose();
});

const fail = (): never => {
  throw new Error('disk full');
};
