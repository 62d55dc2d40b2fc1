import { type Client, type EvaluationContext, type JsonValue, OpenFeature } from '@openfeature/server-sdk';
import { captureLog, useLog } from '../../fixtures/captured-log';
import { type FlagType, METADATA, openStage, SOURCES, type Stage, typeOf } from './all-sources';

// Some flags are malformed on purpose.
useLog(/^warn (Flag ".*" is|\d+ more flags are) malformed/);

describe.each(SOURCES)('OpenFeature’s evaluation scenarios from %s', (source) => {
  const fixed = (name: string, value: JsonValue, others: Record<string, JsonValue>) => ({
    enabled: true,
    default_variation: name,
    variations: { [name]: value, ...others },
    rules: [],
  });
  const equals = (attribute: string, value: JsonValue) => ({ attribute, operator: 'equals', value });
  const pictures = { showImages: true, title: 'Check out these pics!', imagesPerPage: 100 };
  const flags = {
    'boolean-flag': fixed('on', true, { off: false }),
    'string-flag': fixed('greeting', 'hi', { parting: 'bye' }),
    'integer-flag': fixed('ten', 10, { one: 1 }),
    'float-flag': fixed('half', 0.5, { tenth: 0.1 }),
    'object-flag': fixed('template', pictures, { empty: {} }),
    'list-flag': fixed('some', [1, 'two', null], { none: [] }),
    'null-flag': fixed('nothing', null, { empty: {} }),
    'boolean-zero-flag': fixed('zero', false, { 'non-zero': true }),
    'string-zero-flag': fixed('zero', '', { 'non-zero': 'str' }),
    'number-zero-flag': fixed('zero', 0, { 'non-zero': 1 }),
    'object-zero-flag': fixed('zero', {}, { 'non-zero': { a: false } }),
    'wrong-flag': fixed('one', 'uno', { two: 'dos' }),
    'disabled-flag': { ...fixed('on', true, { off: false }), enabled: false },
    'malformed-flag': { ...fixed('on', true, { off: false }), default_variation: 'onn' },
    'context-aware': {
      enabled: true,
      default_variation: 'external',
      variations: { internal: 'INTERNAL', external: 'EXTERNAL' },
      rules: [
        {
          conditions: [
            equals('fn', 'Sulisław'),
            equals('ln', 'Świętopełk'),
            { attribute: 'age', operator: 'less_than_or_equals', value: 29 },
            equals('customer', false),
          ],
          serve_variation: 'internal',
        },
      ],
    },
  };
  const domain = `sources ${source}`;
  let stage: Stage;
  let client: Client;

  beforeAll(async () => {
    captureLog();
    stage = await openStage(flags, 'account');
    await OpenFeature.setProviderAndWait(domain, stage.providers[source]);
    client = OpenFeature.getClient(domain);
  });
  afterAll(async () => {
    await OpenFeature.clearProviders();
    await stage.close();
  });

  it('resolves a value of each type', async () => {
    expect(await client.getBooleanValue('boolean-flag', false)).toBe(true);
    expect(await client.getStringValue('string-flag', 'bye')).toBe('hi');
    expect(await client.getNumberValue('integer-flag', 1)).toBe(10);
    expect(await client.getNumberValue('float-flag', 0.1)).toBe(0.5);
    expect(await client.getObjectValue('object-flag', {})).toEqual(pictures);
  });

  const resolved: readonly (readonly [string, JsonValue, string])[] = [
    ['boolean-flag', true, 'on'],
    ['string-flag', 'hi', 'greeting'],
    ['integer-flag', 10, 'ten'],
    ['float-flag', 0.5, 'half'],
    ['object-flag', pictures, 'template'],
    ['list-flag', [1, 'two', null], 'some'],
    ['null-flag', null, 'nothing'],
    ['boolean-zero-flag', false, 'zero'],
    ['string-zero-flag', '', 'zero'],
    ['number-zero-flag', 0, 'zero'],
    ['object-zero-flag', {}, 'zero'],
  ];
  const detailsOf = (type: FlagType, key: string, context?: EvaluationContext) => {
    switch (type) {
      case 'boolean':
        return client.getBooleanDetails(key, true, context);
      case 'string':
        return client.getStringDetails(key, 'mine', context);
      case 'number':
        return client.getNumberDetails(key, 13, context);
      case 'object':
        return client.getObjectDetails(key, { mine: true }, context);
    }
  };
  it.each(resolved)('resolves the details of %s', async (flagKey, value, variant) => {
    expect(await detailsOf(typeOf(value), flagKey)).toEqual({
      flagKey,
      value,
      variant,
      reason: 'STATIC',
      flagMetadata: METADATA[source],
    });
  });

  const person = { fn: 'Sulisław', ln: 'Świętopełk', age: 29, customer: false };
  it.each([
    ['all of it', person, 'INTERNAL', 'internal', 'TARGETING_MATCH'],
    ['part of it', { ...person, age: 30 }, 'EXTERNAL', 'external', 'DEFAULT'],
    ['none of it', {}, 'EXTERNAL', 'external', 'DEFAULT'],
  ])('targets by the context: %s', async (_, context, value, variant, reason) => {
    expect(await detailsOf('string', 'context-aware', context)).toMatchObject({ value, variant, reason });
  });

  const unanswered: readonly (readonly [string, FlagType, string, string])[] = [
    ['a missing flag', 'string', 'missing-flag', 'FLAG_NOT_FOUND'],
    ['a flag of another type', 'number', 'wrong-flag', 'TYPE_MISMATCH'],
    ['null for a boolean', 'boolean', 'null-flag', 'TYPE_MISMATCH'],
    ['null for a string', 'string', 'null-flag', 'TYPE_MISMATCH'],
    ['a list for a number', 'number', 'list-flag', 'TYPE_MISMATCH'],
    ['a malformed flag', 'boolean', 'malformed-flag', 'PARSE_ERROR'],
  ];
  const given = { boolean: true, string: 'mine', number: 13, object: { mine: true } };
  it.each(unanswered)('answers the default for %s', async (_, type, flagKey, errorCode) => {
    const details = await detailsOf(type, flagKey);
    expect(details).toMatchObject({ flagKey, value: given[type], reason: 'ERROR', errorCode });
    expect(details.errorMessage).toEqual(expect.stringMatching(/./));
    expect(details.variant).toBeUndefined();
  });

  it('answers the default for a disabled flag, which is no error', async () => {
    const details = await client.getBooleanDetails('disabled-flag', false);
    expect(details).toEqual({
      flagKey: 'disabled-flag',
      value: false,
      reason: 'DISABLED',
      flagMetadata: METADATA[source],
    });
  });
});
