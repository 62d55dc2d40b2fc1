import { byAttribute } from '../../fixtures/flagship-client';
import { ask, openStage, type SourceName, type Stage } from './all-sources';

jest.setTimeout(60_000);

const EXACT: readonly SourceName[] = ['remote auto', 'remote body', 'localEvaluation', 'definitions'];
const OPERATORS = ['equals', 'not_equals', 'contains', 'in', 'has', 'greater_than', 'less_than_or_equals'];
const OPERANDS = [
  ...['42', '007', true, 1, null, '\ufffd', '2025-01-01T00:00:00Z'],
  ...[
    ['42', 'true', '\ufffd'],
    [42, true, null],
  ],
];
/** What a user may send: the text of a number, a boolean, a date; and the values themselves. */
const ATTRIBUTES: readonly unknown[] = [
  ...['42', '007', '2026', '5', '1.0', '-0', '1e3', '1e-7', '9007199254740992', '9007199254740993', '1e+21'],
  ...['true', 'false', 'TRUE', '', ' ', ' 1', 'null', 'undefined', 'NaN', 'Infinity', '{"a":1}', '\ufeffa'],
  ...['\ud800', '\ufffd', 'a\nb', '2026-01-01', '2026-01-01T00:00:00.000Z', '+', '%20', 'a&b=c'],
  ...[42, 2.5, -0, 1e-7, 2 ** 53, 1e21, true, false, null, undefined, new Date(1.8e12)],
  ...[[], ['42'], [42], {}, { x: 1 }],
];
/** Names of attributes, escaped as in JSON. */
const NAMES: Readonly<Record<string, string>> = {
  prototype: '__proto__',
  constructor: 'constructor',
  empty: '',
  surrogate: '\\ud800',
  flagKey: 'flagKey',
  dotted: 'a.b',
  spaced: ' a ',
  delimiters: 'a&b=c#d?e',
  'byte-order-mark': '\\ufeffa',
};

const shown = (value: unknown): string => (value === undefined ? 'undefined' : JSON.stringify(value));

describe('the sources that keep types', () => {
  let stage: Stage;
  const keyed = OPERATORS.flatMap((operator) =>
    OPERANDS.map((operand, index) => [`${operator}-${index}`, byAttribute(operator, operand)] as const),
  );
  beforeAll(async () => {
    stage = await openStage({ ...Object.fromEntries(keyed), ...named(), split: splitBy('x') }, 'account');
  });
  afterAll(() => stage.close());

  it.each(ATTRIBUTES.map((value) => [shown(value), value]))(
    'answer alike for the attribute %s, whatever the condition',
    async (_, x) => {
      for (const [flagKey] of keyed) expectAlike(await answersOf(flagKey, { x }));
    },
  );

  it.each(ATTRIBUTES.filter((value) => value != null).map((value) => [shown(value), value]))(
    'include %s in the same rollouts',
    async (_, x) => {
      expectAlike(await answersOf('split', { x }));
    },
  );

  it.each(Object.keys(named()))('find the attribute named by the flag "%s"', async (flagKey) => {
    const context = JSON.parse(`{"${NAMES[flagKey]}":"here"}`) as object;
    for (const [source, answer] of await answersOf(flagKey, context))
      expect([source, answer]).toEqual([source, 'TARGETING_MATCH true']);
  });

  const expectAlike = (answers: readonly (readonly [SourceName, string])[]): void =>
    expect(answers).toEqual(answers.map(([source]) => [source, answers[0]?.[1]]));

  async function answersOf(flagKey: string, context: object): Promise<[SourceName, string][]> {
    return Promise.all(
      EXACT.map(async (source): Promise<[SourceName, string]> => {
        const { reason, value, errorCode } = await ask(stage.providers[source], 'boolean', flagKey, context);
        return [source, `${reason} ${errorCode ?? JSON.stringify(value)}`];
      }),
    );
  }
});

function named(): Record<string, object> {
  const entries = Object.entries(NAMES).map(([flagKey, name]): [string, object] => {
    const attribute = JSON.parse(`"${name}"`) as string;
    const conditions = [{ attribute, operator: 'equals', value: 'here' }];
    return [flagKey, { ...byAttribute('equals', ''), rules: [{ conditions, serve_variation: 'on' }] }];
  });
  return Object.fromEntries(entries);
}

function splitBy(attribute: string): object {
  const rules = [{ conditions: [], serve_variation: 'on', rollout: { percentage: 50, attribute } }];
  return { ...byAttribute('equals', ''), rules };
}
