import vectors from '../../fixtures/evaluation-vectors.json';
import { captureLog, useLog } from '../../fixtures/captured-log';
import {
  ask,
  defaults,
  METADATA,
  type Details,
  type FlagType,
  openStage,
  SOURCES,
  type Stage,
  typeOf,
} from './all-sources';

// Some flags are malformed on purpose.
useLog(/^warn (Flag ".*" is|\d+ more flags are) malformed/);

describe('the evaluation vectors', () => {
  const INVALID = { error: 'INVALID_CONTEXT' };
  const unmatched = { value: 'none', variant: 'none', reason: 'DEFAULT' };
  /** A query carries no structure, and leaves out null: an attribute that is not there matches nothing. */
  const overQuery: Readonly<Record<string, object>> = {
    'order-array-attr': INVALID,
    'has-match': INVALID,
    'has-miss': INVALID,
    'not-has-match': INVALID,
    'dotted-path-match': INVALID,
    'exact-key-wins-over-dotted': INVALID,
    'dotted-path-too-deep': INVALID,
    'dotted-path-depth-5': INVALID,
    'split-non-scalar-attr': INVALID,
    'string-not-equals-null': unmatched,
    'not-in-null': unmatched,
  };
  // Several vectors share a key; each gets its own, and keeps the one that seeds its rollout.
  const keyed = vectors.cases.map((item, index) => ({ ...item, flagKey: `${index}-${item.name}` }));
  let stage: Stage;

  beforeAll(async () => {
    captureLog();
    const flags = Object.fromEntries(keyed.map(({ flagKey, flag }) => [flagKey, flag]));
    stage = await openStage(flags, vectors.accountId);
  });
  afterAll(() => stage.close());

  it('are 80, and the exceptions for a query are those with structure or null', () => {
    expect(keyed).toHaveLength(80);
    const holds = (test: (value: unknown) => boolean) =>
      keyed.filter(({ context }) => Object.values(context).some(test)).map(({ name }) => name);
    const structured = holds((value) => typeof value === 'object' && value !== null);
    const invalid = Object.keys(overQuery).filter((name) => overQuery[name] === INVALID);
    expect(invalid.toSorted()).toEqual(structured.toSorted());
    expect(holds((value) => value === null)).toEqual(
      expect.arrayContaining(['string-not-equals-null', 'not-in-null']),
    );
  });

  function expectDetails(details: Details, expected: object, type: FlagType, flagMetadata: object): void {
    const none = { value: defaults[type], reason: 'ERROR' };
    if ('error' in expected) expect(details).toMatchObject({ ...none, errorCode: expected.error });
    else if ('reason' in expected && expected.reason === 'DISABLED')
      expect(details).toEqual({ value: defaults[type], reason: 'DISABLED', flagMetadata });
    else expect(details).toEqual({ ...expected, flagMetadata });
  }

  describe.each(SOURCES)('from %s', (source) => {
    it.each(keyed.map((item) => [item.name, item] as const))(
      '%s',
      async (name, { flagKey, flag, context, expected }) => {
        const provider = stage.providers[source];
        const type = typeOf(Object.values(flag.variations)[0]);
        if ('reasonOneOf' in expected) {
          const reasons = new Set<string | undefined>();
          // One after the other: those that ask at the same time get the same answer.
          for (let round = 0; round < 60; round++)
            reasons.add((await ask(provider, type, flagKey, context)).reason);
          expect([...reasons].toSorted()).toEqual([...(expected.reasonOneOf ?? [])].toSorted());
          return;
        }
        const exception = source === 'remote query' ? overQuery[name] : undefined;
        expectDetails(
          await ask(provider, type, flagKey, context),
          exception ?? expected,
          type,
          METADATA[source],
        );
      },
    );
  });
});
