import { runInNewContext } from 'node:vm';
import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { type LocalFlagship } from 'nestjs-flagship/local';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useServer } from '../../fixtures/use-server';
import { bindingWith } from '../../fixtures/workers-binding';
import { ask } from './all-sources';

class Person {
  readonly plan = 'secret-value';
}
const circular: Record<string, unknown> = { plan: 'secret-value' };
circular.self = circular;
const circularList: unknown[] = ['secret-value'];
circularList.push(circularList);
const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const fail = (): never => {
  throw new Error('secret-value');
};

/** Values that JSON cannot hold, or that hold other objects than JSON knows. */
const UNUSABLE: readonly (readonly [string, unknown])[] = [
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['a function', () => 'secret-value'],
  ['a class', Person],
  ['a bigint', 10n],
  ['a symbol', Symbol('secret-value')],
  ['an invalid date', new Date(NaN)],
  ['an invalid date of another realm', runInNewContext('new Date(NaN)')],
  ['an object with a circle', circular],
  ['a list with a circle', circularList],
  ['an instance of a class', new Person()],
  ['an instance with a toJSON', Object.assign(new Person(), { toJSON: () => 'secret-value' })],
  ['a plain object with a toJSON', { toJSON: () => 'secret-value' }],
  ['an object with a prototype of its own', Object.create({ plan: 'secret-value' }) as unknown],
  ['a map', new Map([['plan', 'secret-value']])],
  ['a set', new Set(['secret-value'])],
  ['a weak map', new WeakMap()],
  ['an error', new Error('secret-value')],
  ['a regular expression', /secret-value/],
  ['a URL', new URL('http://secret-value')],
  ['a promise', Promise.resolve('secret-value')],
  ['bytes', Buffer.from('secret-value')],
  ['a typed array', new Float64Array([1, 2])],
  ['an array buffer', new ArrayBuffer(8)],
  ['a boxed text', Object('secret-value') as unknown],
  ['a boxed number', Object(7) as unknown],
  ['a boxed boolean', Object(true) as unknown],
  ['a boxed bigint', Object(10n) as unknown],
  ['an iterator', new Set().values()],
  ['a revoked proxy', revoked({})],
  ['a revoked list', revoked([])],
  ['an object whose getter throws', { get plan() { return fail(); } }], // prettier-ignore
  ['a list whose getter throws', Object.defineProperty(['a'], 0, { get: fail })],
  ['a proxy that cannot be listed', new Proxy({}, { ownKeys: fail })],
  ['a proxy that cannot be read', new Proxy({ plan: 'pro' }, { get: fail })],
];
/** Values that JSON can hold, although they look odd. */
const USABLE: readonly (readonly [string, unknown])[] = [
  ['-0', -0],
  ['an empty text', ''],
  ['a text of another type', 'NaN'],
  ['a lone surrogate', '\ud800'],
  ['the largest number', Number.MAX_VALUE],
  ['a date', new Date(0)],
  ['a date of another realm', runInNewContext('new Date(0)')],
  ['undefined', undefined],
];
/** Structures, which the query refuses and other sources accept. */
const STRUCTURES: readonly (readonly [string, unknown])[] = [
  ['an object of another realm', runInNewContext('({ tags: ["a"] })')],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ['a sparse list', new Array(3)],
  ['a list with undefined', [undefined, null]],
  ['an object with undefined', { gone: undefined }],
];

const servers = useServer();
const cleanUp = useCleanup();
let flagship: LocalFlagship;
const flags = { flag: true };
const { binding, calls } = bindingWith(() => Promise.resolve({ value: true }));
const remote = (): FlagshipProviderOptions => {
  const { url: baseUrl, appId, accountId } = flagship;
  return { baseUrl, appId, accountId, retries: 0 };
};
const SOURCES: Readonly<Record<string, () => FlagshipProviderOptions>> = {
  'the default transport': remote,
  'contextTransport: query': () => ({ ...remote(), contextTransport: 'query' }),
  'contextTransport: body': () => ({ ...remote(), contextTransport: 'body' }),
  'contextTransport: auto and a cache': () => ({ ...remote(), contextTransport: 'auto', cacheTtl: 60_000 }),
  localEvaluation: () => ({ ...remote(), localEvaluation: true, refreshInterval: 60_000 }),
  definitions: () => ({ definitions: flags }),
  'a binding': () => ({ binding }),
  'a binding and a cache': () => ({ binding, cacheTtl: 60_000 }),
};

beforeAll(async () => {
  flagship = await servers.startFlagship({ flags, report: () => undefined });
});

describe.each(Object.entries(SOURCES))('with %s', (name, options) => {
  let provider: FlagshipServerProvider;
  beforeAll(async () => {
    provider = new FlagshipServerProvider(options());
    cleanUp(() => provider.onClose());
    await provider.initialize();
  });
  const evaluate = (context: unknown) => ask(provider, 'boolean', 'flag', context);

  it.each(UNUSABLE)('%s is INVALID_CONTEXT on every level, and nothing is sent', async (_, value) => {
    const before = provider.stats().upstream?.requests;
    calls.length = 0;
    for (const context of [{ value }, { list: ['a', value] }, { a: { b: [{ value }] }, plan: 'pro' }]) {
      const details = await evaluate(context);
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' });
      expect(details.errorMessage).not.toContain('secret-value');
    }
    expect(provider.stats().upstream?.requests).toBe(before);
    expect(calls).toEqual([]);
  });

  const takesStructures = !name.endsWith('query') && !name.startsWith('a binding');
  it.each(takesStructures ? [...USABLE, ...STRUCTURES] : USABLE)('%s is accepted', async (_, value) => {
    expect(await evaluate({ value })).toMatchObject({ value: true });
  });
});
