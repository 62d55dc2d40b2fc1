import { AsyncLocalStorage } from 'node:async_hooks';
import {
  AsyncLocalStorageTransactionContextPropagator,
  type EvaluationContext,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
  type TransactionContextPropagator,
} from '@openfeature/server-sdk';
import { propagates, ensurePropagation } from './openfeature-propagator';

afterEach(() => {
  OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
});

const current = () =>
  (OpenFeature as unknown as { _transactionContextPropagator?: unknown })._transactionContextPropagator;

function enteringPropagator(): TransactionContextPropagator {
  const storage = new AsyncLocalStorage<EvaluationContext>();
  return {
    getTransactionContext: () => storage.getStore() ?? {},
    setTransactionContext: (context, callback, ...args) => {
      storage.enterWith(context);
      callback(...args);
    },
  };
}

function storingPropagator(): TransactionContextPropagator {
  let stored: EvaluationContext = {};
  return {
    getTransactionContext: () => stored,
    setTransactionContext: (context, callback, ...args) => {
      stored = context;
      callback(...args);
    },
  };
}

it('replaces the propagator of the SDK, once', () => {
  expect(current()).toBe(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
  ensurePropagation();
  const ours = current();
  expect(ours).not.toBe(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
  ensurePropagation();
  expect(current()).toBe(ours);
});

it('replaces the idle propagator of another copy of the SDK', () => {
  const { constructor } = NOOP_TRANSACTION_CONTEXT_PROPAGATOR as unknown as { constructor: { name: string } };
  const other = {
    [constructor.name]: function (this: object) {
      return this;
    },
  }[constructor.name] as unknown as new () => object;
  const idle = Object.assign(new other(), {
    getTransactionContext: () => ({}),
    setTransactionContext: (_: unknown, callback: () => unknown) => void callback(),
  });
  OpenFeature.setTransactionContextPropagator(idle as TransactionContextPropagator);
  ensurePropagation();
  expect(current()).not.toBe(idle);
});

it('keeps a propagator whose class a minifier has given the name of the idle one', () => {
  const own = new AsyncLocalStorageTransactionContextPropagator();
  const { constructor } = own;
  const { name } = constructor;
  const rename = (value: string) => Object.defineProperty(constructor, 'name', { value, configurable: true });
  rename(NOOP_TRANSACTION_CONTEXT_PROPAGATOR.constructor.name);
  try {
    OpenFeature.setTransactionContextPropagator(own);
    ensurePropagation();
    expect(current()).toBe(own);
  } finally {
    rename(name);
  }
});

it.each([
  ['enters contexts', enteringPropagator],
  ['stores contexts', storingPropagator],
  ['runs code in contexts', () => new AsyncLocalStorageTransactionContextPropagator()],
])('keeps a propagator that %s, and a probe leaves no context in it', (_, create) => {
  const own = create();
  OpenFeature.setTransactionContextPropagator(own);
  ensurePropagation();
  expect(current()).toBe(own);
  expect(propagates()).toBe(true);
  expect(OpenFeature.getTransactionContext()).toEqual({});
});

it('detects that OpenFeature propagates no contexts', () => {
  expect(propagates()).toBe(false);
});
