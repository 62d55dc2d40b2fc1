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

function entering(): TransactionContextPropagator {
  const storage = new AsyncLocalStorage<EvaluationContext>();
  return {
    getTransactionContext: () => storage.getStore() ?? {},
    setTransactionContext: (context, callback, ...args) => {
      storage.enterWith(context);
      callback(...args);
    },
  };
}

function keeping(): TransactionContextPropagator {
  let kept: EvaluationContext = {};
  return {
    getTransactionContext: () => kept,
    setTransactionContext: (context, callback, ...args) => {
      kept = context;
      callback(...args);
    },
  };
}

it('finds the propagator where the SDK keeps it', () => {
  expect(current()).toBe(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
  ensurePropagation();
  const ours = current();
  expect(ours).not.toBe(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
  ensurePropagation();
  expect(current()).toBe(ours);
});

it('takes the idle propagator of another copy of the SDK for what it is', () => {
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

it.each([
  ['enters a context', entering],
  ['keeps a context', keeping],
  ['runs in a context', () => new AsyncLocalStorageTransactionContextPropagator()],
])('leaves a propagator that %s, and where it has to try, nothing in it', (_, make) => {
  const own = make();
  OpenFeature.setTransactionContextPropagator(own);
  ensurePropagation();
  expect(current()).toBe(own);
  expect(propagates()).toBe(true);
  expect(OpenFeature.getTransactionContext()).toEqual({});
});

it('finds out that nothing is carried', () => {
  expect(propagates()).toBe(false);
});
