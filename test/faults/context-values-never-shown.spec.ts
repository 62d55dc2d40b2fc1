import { trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type EvaluationContext, ServerProviderEvents } from '@openfeature/server-sdk';
import fc from 'fast-check';
import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { captureOutput } from '../fixtures/captured-output';
import { closedPort } from '../fixtures/closed-port';
import { type AnswerFunction, type ScriptedServer, startScriptedServer } from '../fixtures/scripted-server';
import { everythingSeen } from '../fixtures/secrets';

type Options = Partial<FlagshipProviderOptions>;

const TOKEN = 'tok-5b1f9e77a0c4';
const FRESH = 'fresh-91be07d3aa52';
const spans = new InMemorySpanExporter();
const output = captureOutput();
let server: ScriptedServer;
let nowhere: string;

beforeAll(async () => {
  server = await startScriptedServer();
  nowhere = `http://127.0.0.1:${await closedPort()}/evaluate`;
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  );
});
beforeEach(() => {
  spans.reset();
});
afterAll(async () => {
  trace.disable();
  await server.close();
});

/** How a server writes what it was sent. */
const encodings: readonly ((text: string) => string)[] = [
  (text) => text,
  encodeURIComponent,
  (text) => encodeURIComponent(encodeURIComponent(text)),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(text).toString('hex'),
  (text) => decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25')).replaceAll('+', ' '),
];
const safely = (encode: (text: string) => string, text: string): string => {
  try {
    return encode(text);
  } catch {
    return text;
  }
};

/** A server that says all it was sent, in its errors. */
const echo =
  (status: number, encode: (text: string) => string): AnswerFunction =>
  (response, { url, headers, body }) => {
    const said = [url, JSON.stringify(headers), body].map((text) => safely(encode, text));
    response.writeHead(status).end(JSON.stringify({ errorCode: 'GENERAL', errorDetails: said.join(' – ') }));
  };
const echoAsText =
  (encode: (text: string) => string): AnswerFunction =>
  (response, { url, body }) =>
    void response.writeHead(200).end(safely(encode, `${url} ${body}`));

interface Path {
  readonly name: string;
  readonly script?: (encode: (text: string) => string) => AnswerFunction;
  readonly options?: () => Options;
}

const quotes = (url: unknown, init?: RequestInit): string =>
  `request to ${String(url)} failed: ${JSON.stringify(init?.headers)} ${JSON.stringify(init?.body ?? '')}`;
const paths: readonly Path[] = [
  ...[400, 401, 403, 404, 422, 429, 500, 503].map((status) => ({
    name: `HTTP ${status}`,
    script: (encode: (text: string) => string) => echo(status, encode),
  })),
  { name: 'an answer that is not JSON', script: echoAsText },
  { name: 'a refused connection', options: () => ({ endpoint: nowhere }) },
  {
    name: 'a fetch that fails as node-fetch does',
    options: () => ({
      fetch: (url, init) =>
        Promise.reject(Object.assign(new Error(quotes(url, init)), { code: 'ECONNREFUSED', type: 'system' })),
    }),
  },
  {
    name: 'a fetch that fails with a cause',
    options: () => ({
      fetch: (url, init) =>
        Promise.reject(new TypeError('fetch failed', { cause: new Error(quotes(url, init)) })),
    }),
  },
  {
    name: 'a fetch that throws an error of this package’s kind',
    options: () => ({
      fetch: (url, init) => {
        const failure = new Error(quotes(url, init));
        failure.name = quotes(url, init);
        throw failure;
      },
    }),
  },
  {
    name: 'a body that fails',
    options: () => ({
      fetch: (url, init) =>
        Promise.resolve(
          new Response(new ReadableStream({ pull: (stream) => stream.error(new Error(quotes(url, init))) })),
        ),
    }),
  },
  {
    name: 'headersFactory that fails after it has worked',
    options: () => {
      let calls = 0;
      return {
        headersFactory: () => {
          if (calls++ % 2 === 0) return { 'x-fresh': FRESH };
          throw new Error(`the vault refuses ${TOKEN} and ${FRESH}`);
        },
      };
    },
    script: (encode) => echo(503, encode),
  },
];

/** Distinctive, of any signs around. */
const secret = fc
  .tuple(
    fc.string({ unit: 'grapheme', maxLength: 5 }),
    fc.uuid(),
    fc.string({ unit: 'grapheme', maxLength: 5 }),
  )
  .map(([before, middle, after]) => ({ text: `${before}${middle}${after}`, core: middle.slice(0, 18) }));

describe.each(['query', 'body'] as const)('with contexts in a %s', (contextTransport) => {
  it.each(paths.map((path) => [path.name, path] as const))(
    '%s reveals neither the context nor the token',
    async (_, { script, options }) => {
      await fc.assert(
        fc.asyncProperty(secret, secret, fc.constantFrom(...encodings), async (one, other, encode) => {
          if (script !== undefined) server.script(script(encode));
          const provider = new FlagshipServerProvider({
            endpoint: `${server.url}/evaluate`,
            authToken: TOKEN,
            contextTransport,
            retries: 1,
            retryDelay: 0,
            logging: true,
            circuitBreaker: { threshold: 2, halfOpenAfter: 60_000 },
            ...options?.(),
          });
          const events: unknown[] = [];
          for (const event of Object.values(ServerProviderEvents))
            provider.events.addHandler(event, (details) => void events.push(details));
          const nested = contextTransport === 'body' ? { tags: [other.text, { deep: one.text }] } : {};
          const context = { targetingKey: one.text, mail: other.text, ...nested } as EvaluationContext;
          const ask = (of: EvaluationContext) =>
            provider.resolveBooleanEvaluation('flag', false, of, output.logger);
          // The third one finds the circuit open, where the failures were no answers.
          const answers = [await ask(context), await ask(context), await ask({ targetingKey: 'else' })];
          for (const { value } of answers) expect(value).toBe(false);
          const seen = [answers, events, output.lines, provider.stats(), spanned()]
            .map(everythingSeen)
            .join('\n');
          for (const text of [one.core, other.core, TOKEN, FRESH]) {
            for (const form of encodings) expect(seen.toLowerCase()).not.toContain(form(text).toLowerCase());
          }
          await provider.onClose();
        }),
        { numRuns: 15 },
      );
    },
    180_000,
  );
});

const spanned = (): unknown =>
  spans
    .getFinishedSpans()
    .map(({ name, attributes, status, events }) => ({ name, attributes, status, events }));

describe('the refusal of an open circuit', () => {
  it.each([
    ['HTTP 503', { status: 503, body: { errorDetails: 'for somebody else only' } }, {}],
    ['Flagship cannot be reached', {}, { fetch: () => Promise.reject(new Error('for somebody else only')) }],
    ['no complete answer in time', () => undefined, { timeout: 30 }],
    ['an answer that cannot be read', { body: 'for somebody else only' }, {}],
    [
      'the request could not be made',
      {},
      {
        headersFactory: () => {
          throw new Error('for somebody else only');
        },
      },
    ],
  ])('names the kind of the last failure and no more: %s', async (kind, script, options) => {
    server.script(script);
    const provider = new FlagshipServerProvider({
      endpoint: `${server.url}/evaluate`,
      retries: 0,
      circuitBreaker: { threshold: 1 },
      ...(options as Options),
    });
    await provider.resolveBooleanEvaluation('flag', false, { targetingKey: 'one' });
    const { errorMessage } = await provider.resolveBooleanEvaluation('flag', false, {
      targetingKey: 'other',
    });
    expect(errorMessage).toContain(`after 1 failed evaluation: ${kind}. It is tried again`);
    expect(errorMessage).not.toContain('somebody else');
    await provider.onClose();
  });
});

describe('a binding', () => {
  it.each([
    [
      'throws',
      (said: string) => {
        throw new Error(said);
      },
    ],
    ['rejects', (said: string) => Promise.reject(new Error(said))],
    [
      'answers an error',
      (said: string) => Promise.resolve({ value: false, errorCode: 'GENERAL', errorMessage: said }),
    ],
    [
      'answers a verdict',
      (said: string) => Promise.resolve({ value: false, errorCode: 'INVALID_CONTEXT', errorMessage: said }),
    ],
  ] as [string, (said: string) => never][])('that %s does not reveal the context', async (_, answer) => {
    await fc.assert(
      fc.asyncProperty(secret, fc.constantFrom(...encodings), async ({ text, core }, encode) => {
        const ask = (_key: string, _default: unknown, context: unknown) =>
          answer(`no answer for ${safely(encode, JSON.stringify(context))} or ${safely(encode, text)}`);
        const provider = new FlagshipServerProvider({
          binding: {
            getBooleanDetails: ask,
            getStringDetails: ask,
            getNumberDetails: ask,
            getObjectDetails: ask,
          },
          logging: true,
        });
        const details = await provider.resolveBooleanEvaluation(
          'flag',
          false,
          { targetingKey: text },
          output.logger,
        );
        expect(details).toMatchObject({ value: false, reason: 'ERROR' });
        const seen = everythingSeen([details, output.lines]).toLowerCase();
        for (const form of encodings) expect(seen).not.toContain(form(core).toLowerCase());
      }),
      { numRuns: 30 },
    );
  });

  it('may say what is no secret', async () => {
    const ask = () => Promise.reject(new Error('not deployed'));
    const provider = new FlagshipServerProvider({
      binding: {
        getBooleanDetails: ask,
        getStringDetails: ask,
        getNumberDetails: ask,
        getObjectDetails: ask,
      },
    });
    const details = await provider.resolveBooleanEvaluation('flag', false, { targetingKey: 'u' });
    expect(details.errorMessage).toBe('The binding failed: not deployed');
  });
});
