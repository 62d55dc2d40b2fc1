import dns from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { resolve } from 'node:path';
import { Controller, Get } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagshipServerProvider,
  FlagValue,
} from 'nestjs-flagship';
import { startLocalFlagship } from 'nestjs-flagship/local';
import request from 'supertest';
import { CleanupStack } from '../../lib/module/cleanup-stack';
import { WAIT_LABELS, type WaitName } from '../../lib/runtime';
import { captureLog } from '../fixtures/captured-log';
import { type FakeTime, stopTime } from '../fixtures/fake-time';
import { NamedProvider } from '../fixtures/named-provider';
import { within } from '../../tools/waiting.cjs';

const never = (): Promise<never> => new Promise(() => undefined);
/** Longer than the limit of any wait. */
const LONG = 60_000;

let time: FakeTime | undefined;
beforeEach(() => captureLog());
afterEach(() => {
  time?.end();
  time = undefined;
  jest.restoreAllMocks();
});

const compile = (options: FlagshipModuleOptions, ...controllers: (new () => object)[]) =>
  Test.createTestingModule({ imports: [FlagshipModule.forRoot(options)], controllers }).compile();

/** Whether it settles once enough time has passed, and not before any has. */
async function endsInTime(start: () => Promise<unknown>): Promise<void> {
  time = stopTime();
  const waiting = start();
  expect(await time.settlesWithin(waiting, 0)).toBe(false);
  expect(await time.settlesWithin(waiting, LONG)).toBe(true);
}

/** Each makes what is waited for hang, and sees the wait end. */
const hangs = {
  contextFactory: async () => {
    @Controller()
    class PageController {
      @Get()
      page(@FlagValue('page', 'default') page: string) {
        return page;
      }
    }
    const options = { provider: new NamedProvider('named'), contextFactory: never };
    const app = (await compile(options, PageController)).createNestApplication();
    await app.listen(0, '127.0.0.1');
    const response = await within(LONG, request(app.getHttpServer()).get('/').then());
    expect(response).toMatchObject({ status: 200, text: 'named 1' });
    await app.close();
  },
  localClose: async () => {
    const flagship = await startLocalFlagship({ flags: {} });
    const close = jest.spyOn(http.Server.prototype, 'close').mockReturnThis();
    await endsInTime(() => flagship.close());
    time?.end();
    close.mockRestore();
    await flagship.close();
  },
  localStart: async () => {
    jest.spyOn(dns, 'lookup').mockImplementation(never);
    await endsInTime(() => startLocalFlagship({ flags: {}, host: 'localhost' }));
  },
  moduleClose: async () => {
    const lifetime = new CleanupStack();
    lifetime.defer(never);
    await endsInTime(() => lifetime.dispose());
  },
  providerClose: async () => {
    const provider = new FlagshipServerProvider({ definitions: {} });
    provider.onClose = never;
    const app = await compile({ provider });
    await endsInTime(() => app.close());
  },
  providerStart: async () => {
    const provider = Object.assign(new NamedProvider('named'), { initialize: never });
    await endsInTime(async () => (await compile({ provider })).close());
  },
} satisfies Partial<Record<WaitName, () => Promise<void>>>;

/** The spec that makes each other wait hang, in a test whose title names the wait. */
const elsewhere: Readonly<Record<Exclude<WaitName, keyof typeof hangs>, string>> = {
  binding: 'test/faults/request-time-limits.spec.ts',
  bypass: 'test/guards/refusals.spec.ts',
  connections: 'test/faults/request-time-limits.spec.ts',
  definitionsCacheIdle: 'test/faults/definitions/definitions-cache.spec.ts',
  definitionsCacheRead: 'test/faults/definitions/definitions-cache.spec.ts',
  definitionsCacheWrite: 'test/faults/definitions/definitions-cache.spec.ts',
  definitionsFile: 'test/faults/definitions/flags-file.spec.ts',
  evaluation: 'test/e2e/default-applied.spec.ts',
  fetch: 'test/faults/request-time-limits.spec.ts',
  headersFactory: 'test/faults/request-time-limits.spec.ts',
  hook: 'test/faults/failing-hooks.spec.ts',
  otherwise: 'test/guards/refusals.spec.ts',
  sharedDefinitions: 'test/faults/definitions/shared-store-writes.spec.ts',
  storeRead: 'test/faults/resilience/failing-store.spec.ts',
  storeWrite: 'test/faults/resilience/failing-store.spec.ts',
  withFlagContext: 'test/e2e/lazy-work.spec.ts',
};

it.each(Object.keys(hangs) as (keyof typeof hangs)[])(
  'the wait %s ends at its limit',
  (name) => hangs[name](),
  LONG + 10_000,
);

it.each(Object.entries(elsewhere))('the wait %s is made to hang in %s', (name, spec) => {
  expect(Object.keys(WAIT_LABELS)).toContain(name);
  expect(readFileSync(resolve(spec), 'utf8')).toMatch(new RegExp(`waits[\\s\\S]*\\b${name}\\b`));
});
