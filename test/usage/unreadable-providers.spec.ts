import { FeatureFlag, FlagService, FlagshipModule } from 'nestjs-flagship';
import { findUsage } from '../../lib/usage';
import { useLog } from '../fixtures/captured-log';
import { useApp } from '../fixtures/use-app';

const apps = useApp();
const log = useLog();

describe('providers that cannot be read outside of a request', () => {
  const trap = (): never => {
    throw new Error('There is no request.');
  };
  const everything: ProxyHandler<object> = Object.fromEntries(
    ['get', 'has', 'getPrototypeOf', 'ownKeys', 'getOwnPropertyDescriptor'].map((name) => [name, trap]),
  );
  class Product {
    @FeatureFlag('made')
    make() {
      return '';
    }
  }
  const unreadable: [name: string, create: () => unknown][] = [
    ['throws for everything', () => new Proxy({}, everything)],
    // Nest itself looks at providers for its hooks, so each has to answer a little.
    [
      'throws for what it does not know',
      () => new Proxy({}, { get: (_, key) => (typeof key === 'symbol' ? undefined : trap()) }),
    ],
    ['throws for its prototype', () => new Proxy({}, { getPrototypeOf: trap })],
    [
      'is of a class with a getter that throws',
      () => Object.create(Object.create(null, { constructor: { get: trap } }) as object) as object,
    ],
    ['has no prototype', () => Object.create(null) as object],
    [
      'is revoked',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    [
      'has a class whose name throws',
      () => {
        class Nameless extends Product {}
        Object.defineProperty(Nameless, 'name', { get: trap });
        return new Nameless();
      },
    ],
  ];

  it.each(unreadable)('%s: the others are listed', async (_, create) => {
    const part = (instance: unknown) => ({ metatype: () => undefined, inject: [], instance });
    const module = {
      metatype: Product,
      controllers: new Map(),
      providers: new Map([
        ['odd', part(create())],
        ['product', part(new Product())],
      ]),
    };
    const modules = new Map([['module', module]]) as never;
    const usage = findUsage(
      { modules, initial: new Set([module]), config: undefined, hasHttp: true },
      undefined,
    );
    expect(usage).toEqual([
      { key: 'made', uses: [{ decorator: '@FeatureFlag', where: 'Product.make', handler: 'Product.make' }] },
    ]);
  });

  it('do not stop the start', async () => {
    const proxy = new Proxy(
      {},
      {
        get: (_, key) => {
          if (key === 'then' || String(key).startsWith('on') || String(key).startsWith('before'))
            return undefined;
          return trap();
        },
        has: trap,
        getPrototypeOf: trap,
      },
    );
    const testing = await apps.compile({
      imports: [FlagshipModule.forRoot({ definitions: { any: true }, listUsage: true })],
      providers: [Product, { provide: 'user', useFactory: () => proxy }],
    });
    await testing.init();
    expect(testing.get(FlagService).usage()).toMatchObject([
      { key: 'made', uses: [{ where: 'Product.make' }] },
    ]);
    expect(log.join('\n')).toContain('The code names these flags:');
  });

  it.each(['getOwnPropertyDescriptor', 'defineProperty', 'deleteProperty'])(
    'do not stop the start where they have a hook and throw for %s',
    async (name) => {
      const onModuleInit = jest.fn();
      const proxy = new Proxy({ onModuleInit }, { [name]: trap });
      const testing = await apps.compile({
        imports: [FlagshipModule.forRoot({ definitions: { any: true } })],
        providers: [{ provide: 'user', useFactory: () => proxy }],
      });
      await testing.init();
      expect(onModuleInit).toHaveBeenCalledTimes(1);
      expect(await testing.get(FlagService).isEnabled('any')).toBe(true);
    },
  );
});
