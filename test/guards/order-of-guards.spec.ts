import { applyDecorators, Controller, Get, HttpException, Scope, type Type, UseGuards } from '@nestjs/common';
import * as fc from 'fast-check';
import { FeatureFlag, type FlagRequirement, flagRequirementsOf } from 'nestjs-flagship';
import { audiences, AuthGuard, type GuardedSetup, useGuardedApp } from '../fixtures/guarded-app';
import { adapters } from '../fixtures/use-app';

const serve = useGuardedApp();

const handlerOf = (controller: Type): object => (controller.prototype as Record<string, object>).read!;

/** What stands at one place: a flag, or the guard that finds out who the user is. */
type Place = 'auth' | 'on' | 'for-ann' | 'all-but-eve';

/** Refuses with a status of its own, which says who has refused. */
const refusing = (status: number) => ({ otherwise: () => new HttpException('refused', status) });

/** Decorates as source code does: the last of the list is the lowest line, and is applied first. */
function decorate(places: readonly Place[], firstStatus: number): ClassDecorator & MethodDecorator {
  const decorators = places.map((place, index) =>
    place === 'auth' ? UseGuards(AuthGuard) : FeatureFlag(place, refusing(firstStatus + index)),
  );
  // Nest applies the first of these first.
  return applyDecorators(...decorators.reverse());
}

interface Arrangement {
  readonly base: readonly Place[];
  readonly controller: readonly Place[];
  readonly handler: readonly Place[];
}

/** What Nest's order of guards makes of an arrangement: base class, controller, handler, each from the bottom up. */
function expected({ base, controller, handler }: Arrangement, visitor: string | undefined): number {
  let user: string | undefined;
  const upwards = (places: readonly Place[], status: number) =>
    places.map((place, index) => ({ place, status: status + index })).reverse();
  for (const { place, status } of [
    ...upwards(base, 410),
    ...upwards(controller, 420),
    ...upwards(handler, 430),
  ]) {
    if (place === 'auth') user = visitor;
    else if (!audiences[place]!(user)) return status;
  }
  return 200;
}

function controllerOf({ base, controller, handler }: Arrangement, scope = Scope.DEFAULT): Type {
  @decorate(base, 410)
  class Base {
    @decorate(handler, 430)
    @Get()
    read() {
      return 'passed';
    }
  }
  @decorate(controller, 420)
  @Controller({ path: '', scope })
  class Arranged extends Base {}
  return Arranged;
}

const visitors = [undefined, 'ann', 'eve'] as const;

describe.each(adapters)('a guard judges where its decorator stands, on %s', (_, adapter) => {
  const ask = async (arrangement: Arrangement, setting: Partial<GuardedSetup> = {}) => {
    const app = await serve({ controllers: [controllerOf(arrangement)], adapter, ...setting });
    const got: number[] = [];
    for (const visitor of visitors) got.push(await app.visit(visitor));
    await app.close();
    return got;
  };
  const wanted = (arrangement: Arrangement) => visitors.map((visitor) => expected(arrangement, visitor));

  it.each<[string, Arrangement]>([
    [
      'a flag for few on the handler, below a controller’s',
      { base: [], controller: ['on'], handler: ['for-ann', 'auth'] },
    ],
    [
      'two flags around a guard on one handler',
      { base: [], controller: [], handler: ['all-but-eve', 'auth', 'on'] },
    ],
    ['a subclass of a decorated class', { base: ['on'], controller: ['all-but-eve', 'auth'], handler: [] }],
    ['a flag before the user is known', { base: [], controller: [], handler: ['auth', 'for-ann'] }],
    ['the same flag twice', { base: ['all-but-eve'], controller: ['auth'], handler: ['all-but-eve'] }],
  ])('%s', async (_name, arrangement) => {
    expect(await ask(arrangement)).toEqual(wanted(arrangement));
  });

  it('in every order', async () => {
    const places = fc.array(fc.constantFrom<Place>('auth', 'on', 'for-ann', 'all-but-eve'), { maxLength: 3 });
    const propagation = fc.constantFrom('none' as const, 'interceptor' as const, 'middleware' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.record({ base: places, controller: places, handler: places }),
        propagation,
        async (arrangement, how) => {
          expect(await ask(arrangement, { options: { propagation: how } })).toEqual(wanted(arrangement));
        },
      ),
      { numRuns: 25 },
    );
  }, 180_000);

  it('in a controller that is made for each request', async () => {
    const arrangement: Arrangement = {
      base: ['on'],
      controller: ['all-but-eve', 'auth'],
      handler: ['for-ann'],
    };
    const controllers = [controllerOf(arrangement, Scope.REQUEST)];
    expect(await ask(arrangement, { controllers })).toEqual(wanted(arrangement));
  });
});

describe('inheritance', () => {
  it('leaves an overridden handler without the guards of what it overrides', async () => {
    class Base {
      @FeatureFlag('for-ann')
      @Get()
      read() {
        return 'passed';
      }
    }
    @FeatureFlag('all-but-eve')
    @UseGuards(AuthGuard)
    @Controller()
    class Overriding extends Base {
      @Get()
      override read() {
        return 'overridden';
      }
    }
    const { visit } = await serve({ controllers: [Overriding] });
    expect([await visit(), await visit('ann'), await visit('eve')]).toEqual([200, 200, 404]);
    expect(flagRequirementsOf(Overriding, handlerOf(Overriding))).toMatchObject([{ keys: ['all-but-eve'] }]);
  });

  it('does not reach from a subclass back to its base or to its sibling', async () => {
    @UseGuards(AuthGuard)
    @Controller('base')
    class Base {}
    @FeatureFlag('for-ann')
    @Controller()
    class Guarded extends Base {
      @Get('guarded')
      read() {
        return 'passed';
      }
    }
    @Controller()
    class Open extends Base {
      @Get()
      read() {
        return 'passed';
      }
    }
    const { visit } = await serve({ controllers: [Guarded, Open] });
    expect(await visit('eve')).toBe(200);
    expect(flagRequirementsOf(Base, Open)).toEqual([]);
    expect(flagRequirementsOf(Guarded)).toHaveLength(1);
  });

  it('works with controllers that a function makes', async () => {
    const gated = (flag: string, path: string): Type => {
      @FeatureFlag(flag)
      @UseGuards(AuthGuard)
      @Controller(path)
      class Mixin {
        @Get()
        read() {
          return 'passed';
        }
      }
      return Mixin;
    };
    @FeatureFlag('all-but-eve')
    @Controller()
    class Both extends gated('on', 'made') {}
    const { visit } = await serve({ controllers: [gated('for-ann', 'few'), Both] });
    expect([await visit('ann'), await visit('eve')]).toEqual([200, 404]);
  });
});

describe('FeatureFlag.KEY and flagRequirementsOf', () => {
  it('list everything, in the order of judging', () => {
    @FeatureFlag('second')
    @UseGuards(AuthGuard)
    @FeatureFlag('first')
    class Base {
      @FeatureFlag('sixth')
      @UseGuards(AuthGuard)
      @FeatureFlag('fifth')
      read() {
        return 'passed';
      }
    }
    @FeatureFlag('fourth')
    @FeatureFlag('third')
    class Sub extends Base {}
    class Undecorated extends Sub {}
    const keys = (requirements: readonly FlagRequirement[]) => requirements.flatMap(({ keys: own }) => own);
    const all = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'];
    const read = handlerOf(Sub);
    expect(keys(flagRequirementsOf(Sub, read))).toEqual(all);
    expect(keys(flagRequirementsOf(Undecorated, read))).toEqual(all);
    expect(keys(flagRequirementsOf(Base))).toEqual(['first', 'second']);
    expect(keys(Reflect.getMetadata(FeatureFlag.KEY, Sub) as never)).toEqual(all.slice(0, 4));
  });
});

it('is no decorator for what is neither a class nor a method', () => {
  class Odd {
    get value(): object {
      return {};
    }
  }
  const getter = Object.getOwnPropertyDescriptor(Odd.prototype, 'value')!;
  expect(() => FeatureFlag('on')(Odd.prototype, 'value', getter)).toThrow('is for classes and methods');
  expect(() => (FeatureFlag('on') as PropertyDecorator)(Odd.prototype, 'handler')).toThrow('"handler"');
});
