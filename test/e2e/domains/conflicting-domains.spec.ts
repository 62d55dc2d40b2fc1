import { type DynamicModule, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import {
  FeatureFlag,
  FlagDetails,
  type FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
  getFlagsToken,
  InjectFlags,
} from 'nestjs-flagship';
import { NamedProvider } from '../../fixtures/named-provider';
import { useTwoModules } from '../../fixtures/use-two-modules';

const { apps, listen } = useTwoModules();

describe('two modules that answer for the same', () => {
  let starts = 0;
  const named = (domain?: string): FlagshipModuleOptions => ({
    domain,
    provider: Object.assign(new NamedProvider('twin'), { initialize: async () => void (starts += 1) }),
  });
  const importing = (name: string, module: DynamicModule): DynamicModule['module'] => {
    const holder = { [name]: class {} }[name] as DynamicModule['module'];
    Module({ imports: [module] })(holder);
    return holder;
  };

  it.each([
    ['a domain', 'billing', 'two Flagship modules have the domain "billing"'],
    ['no domain', undefined, 'two Flagship modules have no domain'],
  ])(
    'with %s stop the start before either of them starts, and are both named',
    async (_, domain, problem) => {
      const twin = () => FlagshipModule.forRoot(named(domain));
      const imports = [importing('OrdersModule', twin()), importing('InvoicesModule', twin())];
      starts = 0;
      await expect(apps.compile({ imports })).rejects.toThrow(
        `${problem}, one imported by InvoicesModule, one by OrdersModule`,
      );
      expect(starts).toBe(0);
    },
  );

  it.each([
    [
      'of forRootAsync',
      () => FlagshipModule.forRootAsync({ useFactory: () => named(), domain: 'billing' }),
      'AsyncModule',
    ],
    [
      'that is not global',
      () => FlagshipModule.forRoot({ ...named('billing'), isGlobal: false }),
      'AsyncModule',
    ],
    [
      'in a dynamic module',
      () => ({ module: class Inner {}, imports: [FlagshipModule.forRoot(named('billing'))] }),
      'AsyncModule',
    ],
  ])('stop the start where one is one %s', async (_, twin, importer) => {
    const imports = [
      importing('OrdersModule', FlagshipModule.forRoot(named('billing'))),
      importing(importer, twin()),
    ];
    await expect(apps.compile({ imports })).rejects.toThrow(
      `one imported by ${importer}, one by OrdersModule`,
    );
  });

  it('stop a module from being loaded later', async () => {
    const app = await listen({ imports: [FlagshipModule.forRoot(named('billing'))] });
    const late = importing('LateModule', FlagshipModule.forRoot(named('billing')));
    await expect(app.get(LazyModuleLoader).load(() => late)).rejects.toThrow('the domain "billing"');
  });

  it('are one where both places import the same object', async () => {
    const shared = FlagshipModule.forRoot(named('billing'));
    const app = await listen({ imports: [importing('One', shared), importing('Two', shared)] });
    expect(await app.get<FlagService>(getFlagsToken('billing')).getStringValue('a', '')).toBe('twin 1');
  });
});

it.each([
  [() => InjectFlags(''), '@InjectFlags needs a module'],
  [() => FeatureFlag('a', { domain: '' }), '"domain"'],
  [() => FlagValue('a', 1, { domain: 7 as never }), "@FlagValue('a') needs a module's domain as \"domain\""],
  [() => FlagDetails('a', 1, { domian: 'x' } as never), 'has no option "domian". Known: domain.'],
])('an invalid domain stops a class from being defined', (decorate, message) => {
  expect(decorate).toThrow(message);
});
