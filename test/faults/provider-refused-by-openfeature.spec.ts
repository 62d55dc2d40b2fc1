import { type INestApplicationContext } from '@nestjs/common';
import { type Provider, TypedInMemoryProvider } from '@openfeature/server-sdk';
import { FlagService, FlagshipModule, type FlagshipModuleOptions, getFlagsToken } from 'nestjs-flagship';
import { useLog } from '../fixtures/captured-log';
import { useApp } from '../fixtures/use-app';

const apps = useApp();
const log = useLog();

const start = (...options: FlagshipModuleOptions[]): Promise<INestApplicationContext> =>
  apps.startContext({ imports: options.map((each) => FlagshipModule.forRoot(each)) });
const fail = (): never => {
  throw new Error('no such luck');
};
const withPart = (name: string, part: PropertyDescriptor): Provider =>
  Object.defineProperty(new TypedInMemoryProvider({}), name, part);
const answer = { value: 'default', reason: 'ERROR', errorCode: 'GENERAL' };

describe('a provider that OpenFeature refuses', () => {
  const refused: readonly (readonly [string, () => Provider])[] = [
    ['throws in initialize', () => withPart('initialize', { value: fail })],
    ['has an initialize that returns no promise', () => withPart('initialize', { value: () => 5 })],
    ['has no metadata', () => withPart('metadata', { value: undefined })],
    ['has metadata that cannot be read', () => withPart('metadata', { get: fail })],
    ['is for a browser', () => withPart('runsOn', { value: 'client' })],
  ];

  it.each(refused)(
    'does not make its domain answer with the flags of another: one that %s',
    async (_, make) => {
      const app = await start({ definitions: { page: 'theirs' } }, { domain: 'refused', provider: make() });
      const other = app.get<FlagService>(FlagService);
      const own = app.get<FlagService>(getFlagsToken('refused'));
      expect(await own.getStringDetails('page', 'default')).toMatchObject(answer);
      expect(await own.isEnabled('page', true)).toBe(true);
      expect(await other.getStringValue('page', 'default')).toBe('theirs');
      expect(log.filter((line) => line.includes('did not start'))).toHaveLength(1);
    },
  );

  it.each(refused)('leaves another application alone, also at the end: one that %s', async (_, make) => {
    const first = await start({ definitions: { page: 'theirs' } });
    const second = await start({ provider: make() });
    expect(await second.get(FlagService).getStringDetails('page', 'default')).toMatchObject(answer);
    const third = await start({ definitions: { page: 'third' } });
    expect(await second.get(FlagService).getStringDetails('page', 'default')).toMatchObject(answer);
    expect(await third.get(FlagService).getStringValue('page', 'default')).toBe('third');
    await second.close();
    expect(await first.get(FlagService).getStringValue('page', 'default')).toBe('theirs');
    expect(await third.get(FlagService).getStringValue('page', 'default')).toBe('third');
  });
});
