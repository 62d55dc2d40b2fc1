import { type ScriptedAnswer } from '../../fixtures/scripted-server';
import { answer, page, types, useBothProviders } from './both-providers';

const vendor = useBothProviders();

const answers: readonly (readonly [name: string, answer: ScriptedAnswer])[] = [
  ...['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT', 'DISABLED', 'CACHED', 'SOMETHING_NEW', ''].flatMap(
    (reason) =>
      [true, 'text', 42, { a: 1 }].map(
        (value) => [`${JSON.stringify(value)} for reason "${reason}"`, answer(value, reason)] as const,
      ),
  ),
  ...[false, '', 0, -0.5, 1e21, null, [], [1, 'two', null, { three: [3] }], {}, { flagKey: 'x' }, 'true'].map(
    (value) => [`the value ${JSON.stringify(value)}`, answer(value)] as const,
  ),
  ['a deep value', answer({ a: { b: { c: { d: [{ e: 'ü 😀' }] } } } })],
  ['an empty variant', answer(true, 'STATIC', '')],
  ['no variant', { body: { flagKey: 'flag', value: true, reason: 'STATIC' } }],
  ['no reason', { body: { flagKey: 'flag', value: true, variant: 'on' } }],
  ['neither variant nor reason', { body: { flagKey: 'flag', value: true } }],
  ['no flagKey', { body: { value: true, variant: 'on', reason: 'STATIC' } }],
  ['no value', { body: { flagKey: 'flag', variant: 'on', reason: 'STATIC' } }],
  ['no value on DISABLED', { body: { flagKey: 'flag', reason: 'DISABLED' } }],
  ['unknown fields', { body: { flagKey: 'flag', value: true, variant: 'on', reason: 'SPLIT', more: [1] } }],
  ['status 201', { ...answer(true), status: 201 }],
  ['JSON null', { body: 'null' }],
  ['JSON text', { body: '"value"' }],
  ['a JSON number', { body: '7' }],
  ['a JSON list', { body: '[]' }],
  ['an empty object', { body: '{}' }],
  ['JSON with white space around it', { body: '\n {"flagKey":"flag","value":true} \n' }],
  ['404 with a body', { status: 404, body: { errorCode: 'FLAG_NOT_FOUND', errorDetails: 'no such flag' } }],
  ['404 with another code', { status: 404, body: { errorCode: 'GENERAL' } }],
  ['404 without a body', { status: 404 }],
  ['404 as a page', { status: 404, body: page }],
  ['400 without a body', { status: 400 }],
  ['400 as a page', { status: 400, body: page }],
  ['400 with a code of its own', { status: 400, body: { errorCode: 'OUT_OF_CHEESE' } }],
  ['400 with the code GENERAL', { status: 400, body: { errorCode: 'GENERAL', errorDetails: 'no' } }],
  ...[401, 402, 403, 405, 406, 408, 409, 410, 413, 415, 418, 422, 425, 429, 451].map(
    (status) => [`status ${status}`, { status, body: { success: false, errors: [] } }] as const,
  ),
  ...[500, 501, 502, 503, 504, 520, 522, 599].flatMap((status) => [
    [`status ${status}`, { status }] as const,
    [`status ${status} as a page`, { status, body: page }] as const,
  ]),
];

describe.each(types)(
  'the provider, asked for a %s, reads the same as @cloudflare/flagship out of',
  (type) => {
    it.each(answers)('%s', async (_, script) => {
      await vendor.expectSame(vendor.at, [script], { type });
    });
  },
);
