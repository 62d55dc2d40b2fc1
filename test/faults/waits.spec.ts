import dns from 'node:dns/promises';
import http from 'node:http';
import { Controller, Get } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagshipServerProvider,
  FlagValue,
} from 'nestjs-flagship';
import { startLocalFlagship } from 'nestjs-flagship/local';
import request from 'supertest';
import { Lifetime } from '../../lib/flagship-lifetime';
import { WAITS, type WaitName } from '../../lib/runtime';
import { captureLog } from '../fixtures/captured-log';
import { type FakeTime, stopTime } from '../fixtures/fake-time';
import { NamedProvider } from '../fixtures/named-provider';
import { within } from '../fixtures/within';

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

/** Each makes what is waited for hang, and sees the wait end. One for every wait there is. */
const hangs: Readonly<Record<WaitName, () => Promise<void>>> = {
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
    const lifetime = Lifetime.of(new ModulesContainer());
    lifetime.onEnd(never);
    await endsInTime(() => lifetime.end());
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
};

it.each(Object.keys(WAITS) as WaitName[])(
  'the wait %s ends at its limit',
  (name) => hangs[name](),
  LONG + 10_000,
);
