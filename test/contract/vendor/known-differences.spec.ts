import { type EvaluationContext } from '@openfeature/server-sdk';
import { type ScriptedAnswer } from '../../fixtures/scripted-server';
import {
  answer,
  type CommonOptions,
  type Outcome,
  page,
  type Question,
  useBothProviders,
} from './both-providers';

const vendor = useBothProviders();

/**
 * Where the two differ, knowingly. `ours` and `theirs` are error code (or value), then the number of requests; the
 * options allow one repetition.
 */
interface Difference {
  readonly name: string;
  readonly why: string;
  readonly script: readonly ScriptedAnswer[];
  readonly question?: Question;
  readonly options?: CommonOptions;
  readonly ours: readonly [answer: unknown, requests: number];
  readonly theirs: readonly [answer: unknown, requests: number];
}

const unsendable = (value: unknown): Question => ({ context: { value } as unknown as EvaluationContext });
const differences: readonly Difference[] = [
  ...[401, 402, 403, 405, 409, 410, 422, 451].map((status) => ({
    name: `HTTP ${status}`,
    why: 'the request is at fault: asking again only costs time and, for a token, looks like an attack',
    script: [{ status }],
    ours: ['GENERAL', 1] as const,
    theirs: ['GENERAL', 2] as const,
  })),
  ...['INVALID_CONTEXT', 'PARSE_ERROR', 'TYPE_MISMATCH', 'TARGETING_KEY_MISSING', 'FLAG_NOT_FOUND'].flatMap(
    (errorCode) => [
      {
        name: `400 with the code ${errorCode}`,
        why: 'the service says what is wrong; later releases of the vendor listen too',
        script: [{ status: 400, body: { errorCode, errorDetails: 'details' } }],
        ours: [errorCode, 1] as const,
        theirs: ['GENERAL', 1] as const,
      },
      {
        name: `503 with the code ${errorCode}`,
        why: 'the service says what is wrong, and that it may pass',
        script: [{ status: 503, body: { errorCode } }],
        ours: [errorCode, 2] as const,
        theirs: ['GENERAL', 2] as const,
      },
    ],
  ),
  ...[page, '', '{"flagKey":"flag","value":tr', '\u0000'].map((body) => ({
    name: `200 with the body ${JSON.stringify(body)}`,
    why: 'an answer that is not JSON cannot be parsed, and PARSE_ERROR is the word for that',
    script: [{ body }],
    ours: ['PARSE_ERROR', 2] as const,
    theirs: ['GENERAL', 2] as const,
  })),
  {
    name: 'an attribute called flagKey',
    why: 'in a query it would replace the flag that is asked for',
    script: [answer(true)],
    question: { context: { flagKey: 'another-flag' } },
    ours: ['INVALID_CONTEXT', 0],
    theirs: [true, 1],
  },
  ...([() => 1, 10n, Symbol('s')] as const).map((value) => ({
    name: `an attribute that is a ${typeof value}`,
    why: 'leaving it out would evaluate the flag for another context',
    script: [answer(true)],
    question: unsendable(value),
    ours: ['INVALID_CONTEXT', 0] as const,
    theirs: [true, 1] as const,
  })),
  ...[NaN, Infinity, -Infinity].map((value) => ({
    name: `an attribute that is ${value}`,
    why: 'JSON cannot carry it, and what holds for one transport holds for all',
    script: [answer(true)],
    question: unsendable(value),
    ours: ['INVALID_CONTEXT', 0] as const,
    theirs: [true, 1] as const,
  })),
  {
    name: 'more attributes than Flagship accepts in a JSON context',
    why: 'what holds for one transport holds for all',
    script: [answer(true)],
    question: {
      context: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`attribute-${index}`, index])),
    },
    ours: ['INVALID_CONTEXT', 0],
    theirs: [true, 1],
  },
  {
    name: 'an invalid date',
    why: 'it is the context that is wrong; theirs only says that something is',
    script: [answer(true)],
    question: unsendable(new Date(NaN)),
    ours: ['INVALID_CONTEXT', 0],
    theirs: ['GENERAL', 0],
  },
  ...['other', 'FLAG', '', null, ['flag']].map((flagKey) => ({
    name: `an answer for the flag ${JSON.stringify(flagKey)}`,
    why: 'a proxy or a cache mixed answers up; theirs believes it, and keeps it for the flag that was asked for',
    script: [{ body: { flagKey, value: true, variant: 'on', reason: 'STATIC' } }],
    ours: ['PARSE_ERROR', 2] as const,
    theirs: [true, 1] as const,
  })),
  ...[7, true, {}, []].flatMap((oddity) => [
    {
      name: `a variant that is ${JSON.stringify(oddity)}`,
      why: 'callers are promised text',
      script: [answer(true, 'STATIC', oddity)],
      ours: ['PARSE_ERROR', 2] as const,
      theirs: [true, 1] as const,
    },
    {
      name: `a reason that is ${JSON.stringify(oddity)}`,
      why: 'callers are promised text',
      script: [{ body: { flagKey: 'flag', value: true, reason: oddity } }],
      ours: ['PARSE_ERROR', 2] as const,
      theirs: [true, 1] as const,
    },
  ]),
  {
    name: 'an attribute called __proto__',
    why: 'it is an attribute like any other; theirs loses it on the way',
    script: [
      (response, { url }) =>
        void response.end(JSON.stringify({ flagKey: 'flag', value: url.includes('proto') })),
    ],
    question: { context: JSON.parse('{"__proto__":"x"}') as EvaluationContext },
    ours: [true, 1],
    theirs: [false, 1],
  },
  {
    name: 'a redirect',
    why: 'the token is for the configured address only; the message names the option to change',
    script: [{ status: 307, headers: { location: '/elsewhere' } }, answer(true)],
    ours: ['GENERAL', 1],
    theirs: [true, 2],
  },
  {
    name: 'a number and a text that reads the same, cached',
    why: 'a body keeps them apart, so the cache does too, whatever the transport',
    script: [answer(true)],
    options: { cacheTtl: 60_000 },
    question: { context: { seats: 1 } },
    ours: [true, 2],
    theirs: ['CACHED', 1],
  },
];

describe('the provider differs, knowingly, from @cloudflare/flagship 0.4.2 on', () => {
  const shortly = ({ results, requests }: Outcome): readonly [unknown, number] => {
    const last = results.at(-1);
    const cached = last?.reason === 'CACHED' ? last.reason : undefined;
    return [last?.errorCode ?? cached ?? last?.value, requests.length];
  };

  it.each(differences.map((difference) => [difference.name, difference.why, difference] as const))(
    '%s: %s',
    async (_, __, { script, question = {}, options, ours, theirs }) => {
      const questions = options === undefined ? [question] : [question, { context: { seats: '1' } }];
      const seen = await vendor.both({ ...vendor.at, retries: 1, ...options }, script, ...questions);
      expect(shortly(seen.ours)).toEqual(ours);
      expect(shortly(seen.theirs)).toEqual(theirs);
      if (ours[0] !== true && ours[0] !== 'CACHED') {
        expect(seen.ours.results.at(-1)).toMatchObject({ value: false, reason: 'ERROR' });
      }
    },
  );

  it('a variant or reason of null: absent, as the type says', async () => {
    const script = [{ body: { flagKey: 'flag', value: true, variant: null, reason: null } }];
    const { ours, theirs } = await vendor.both(vendor.at, script, {});
    expect(ours.results[0]).toEqual({ value: true, variant: undefined, reason: undefined });
    expect(theirs.results[0]).toEqual({ value: true, variant: null, reason: null });
  });
});
