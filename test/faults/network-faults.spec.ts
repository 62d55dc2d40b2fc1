import { type Socket } from 'node:net';
import { setInterval } from 'node:timers';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil, within } from '../../tools/waiting.cjs';
import { closedPort } from '../fixtures/closed-port';
import { useFakeTime } from '../fixtures/fake-time';
import { answersWell, type Behaviour, goodBody, httpAnswer, type RawServer } from '../fixtures/raw-server';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';

type Options = ConstructorParameters<typeof FlagshipServerProvider>[0];

/** The time limit of an attempt where the server hangs. */
const TIMEOUT = 300;
/** Where the server fails at once, time must decide nothing. */
const LONG = 10_000;
/** Only tells a time limit that works from one that does not. */
const DID_NOT_HANG = 50_000;
const LIMIT = 128 * 1024;

function trickle(socket: Socket, piece: string): void {
  const timer = setInterval(() => void socket.write(piece), 10);
  socket.on('close', () => {
    clearInterval(timer);
  });
}

const onRequest = (act: (socket: Socket) => void): Behaviour => ({ onRequest: act });
const says = (text: string): Behaviour => onRequest((socket) => void socket.write(text));
const head = (length: number): string => `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`;
const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

interface Fault {
  readonly behaviour: Behaviour;
  readonly code?: string;
  readonly message: RegExp;
  /** Whether only the time limit ends an attempt. */
  readonly hangs?: boolean;
  /** Attempts when one repetition is allowed. */
  readonly attempts?: number;
}

const timedOut = {
  message: /^No complete answer within 300 ms \(option "timeout"\)\.$/,
  hangs: true,
};
const unreachable = /^Flagship cannot be reached: \S/;

const faults: Readonly<Record<string, Fault>> = {
  'never answers': { behaviour: onRequest(() => undefined), ...timedOut },
  'sends half a head': { behaviour: says('HTTP/1.1 200 OK\r\ncontent-le'), ...timedOut },
  'sends a head and stalls': { behaviour: says(head(100)), ...timedOut },
  'sends half a body and stalls': { behaviour: says(head(100) + goodBody.slice(0, 20)), ...timedOut },
  'trickles the head': { behaviour: onRequest((socket) => trickle(socket, 'H')), message: /./ },
  'trickles headers': {
    behaviour: onRequest((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      trickle(socket, 'x-more: yes\r\n');
    }),
    ...timedOut,
  },
  'trickles the body': {
    behaviour: onRequest((socket) => {
      socket.write(head(100_000));
      trickle(socket, ' ');
    }),
    ...timedOut,
  },
  'trickles chunks': {
    behaviour: onRequest((socket) => {
      socket.write(chunked);
      trickle(socket, '1\r\n \r\n');
    }),
    ...timedOut,
  },
  'says "processing" for ever': {
    behaviour: onRequest((socket) => trickle(socket, 'HTTP/1.1 102 Processing\r\n\r\n')),
    ...timedOut,
  },
  'closes at connect': {
    behaviour: { onConnect: (socket) => void socket.destroy() },
    message: unreachable,
  },
  'resets at connect': {
    behaviour: { onConnect: (socket) => void socket.resetAndDestroy() },
    message: unreachable,
  },
  'closes before the head': { behaviour: onRequest((socket) => socket.destroy()), message: unreachable },
  'resets before the head': {
    behaviour: onRequest((socket) => socket.resetAndDestroy()),
    message: unreachable,
  },
  'resets in the body': {
    behaviour: onRequest((socket) => {
      socket.write(head(100) + goodBody.slice(0, 20), () => socket.resetAndDestroy());
    }),
    message: unreachable,
  },
  'ends before the promised length': {
    behaviour: onRequest((socket) => void socket.end(head(1000) + goodBody)),
    message: unreachable,
  },
  'ends before the last chunk': {
    behaviour: onRequest(
      (socket) => void socket.end(`${chunked}${goodBody.length.toString(16)}\r\n${goodBody}\r\n`),
    ),
    message: unreachable,
  },
  'does not speak HTTP': { behaviour: says('220 mail.example.com ESMTP\r\n\r\n'), message: unreachable },
  'sends a broken chunk': { behaviour: says(`${chunked}zz\r\nwhat\r\n`), message: unreachable },
  'sends a head without end': {
    behaviour: says(`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(100_000)}\r\n\r\n`),
    message: unreachable,
  },
  'answers with nothing': {
    behaviour: says('HTTP/1.1 204 No Content\r\n\r\n'),
    code: 'PARSE_ERROR',
    message: /answer is not JSON/,
  },
  'answers with half an object': {
    behaviour: says(httpAnswer(goodBody.slice(0, -5))),
    code: 'PARSE_ERROR',
    message: /answer is not JSON/,
  },
  'announces more than the limit': {
    behaviour: says(head(2 * LIMIT) + ' '.repeat(LIMIT + 1)),
    code: 'PARSE_ERROR',
    message: /larger than 131072 bytes/,
    attempts: 1,
  },
  'sends chunks beyond the limit': {
    behaviour: onRequest((socket) => {
      const piece = ' '.repeat(0x10000);
      socket.write(`${chunked}${`10000\r\n${piece}\r\n`.repeat(17)}`);
    }),
    code: 'PARSE_ERROR',
    message: /larger than 131072 bytes/,
    attempts: 1,
  },
};

const clients: Readonly<Record<string, Partial<Options>>> = {
  'the built-in client': {},
  'a fetch': { fetch: (...args) => globalThis.fetch(...args) },
};

describe.each(Object.entries(clients))('with %s, a server that', (client, clientOptions) => {
  let server: RawServer;
  let provider: FlagshipServerProvider;
  const cleanUp = useCleanup();
  const servers = useServer();
  const stopTime = useFakeTime();
  let attempts = 0;
  const ask = () => provider.resolveBooleanEvaluation('flag', false, { targetingKey: 'u' });

  const open = (options: Partial<Options>): FlagshipServerProvider => {
    const opened = new FlagshipServerProvider({
      endpoint: `${server.url}/evaluate`,
      timeout: LONG,
      retries: 1,
      retryDelay: 0,
      headersFactory: () => {
        attempts++;
        return {};
      },
      ...clientOptions,
      ...options,
    });
    cleanUp(() => opened.onClose());
    return opened;
  };

  beforeEach(async () => {
    server = await servers.startRaw();
    attempts = 0;
    provider = open({});
  });

  describe.each(Object.entries(faults))(
    '%s',
    (_, { behaviour, code = 'GENERAL', message, hangs, attempts: allowed = 2 }) => {
      beforeEach(() => {
        if (hangs) provider = open({ timeout: TIMEOUT });
      });

      it('leaves the default, in time, and is forgiven', async () => {
        server.behave(behaviour);
        const details = await within(DID_NOT_HANG, ask());
        expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: code });
        expect(details.errorMessage).toMatch(message);
        expect(attempts).toBe(allowed);

        server.behave(answersWell);
        // On a busy machine even this answer may miss a short time limit.
        let later = await ask();
        await waitUntil(async () => later.value || (later = await ask()).value, 'a good answer');
        expect(later).toMatchObject({ value: true, variant: 'on', reason: 'STATIC' });
      });

      it('once, is asked again', async () => {
        server.behave(behaviour, answersWell);
        const time = hangs ? stopTime() : undefined;
        const asked = ask();
        if (time !== undefined) {
          await waitUntil(() => server.requests > 0, 'the first attempt');
          await time.advance(TIMEOUT + 1);
        }
        const details = await asked;
        if (allowed === 1) expect(details.errorCode).toBe(code);
        else expect(details).toMatchObject({ value: true, variant: 'on', reason: 'STATIC' });
        expect(attempts).toBe(allowed);
      });
    },
  );

  it('ends the body by closing is understood', async () => {
    server.behave(onRequest((socket) => void socket.end(`HTTP/1.1 200 OK\r\n\r\n${goodBody}`)));
    expect(await ask()).toMatchObject({ value: true });
    expect(attempts).toBe(1);
  });

  it('sends an answer of exactly the limit is understood', async () => {
    server.behave(says(httpAnswer(goodBody + ' '.repeat(LIMIT - goodBody.length))));
    expect(await ask()).toMatchObject({ value: true });
  });

  it('hints at what will come is understood', async () => {
    server.behave(says(`HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${httpAnswer(goodBody)}`));
    expect(await ask()).toMatchObject({ value: true });
    expect(attempts).toBe(1);
  });

  it('closes kept-alive connections between requests goes unnoticed', async () => {
    server.behave(onRequest((socket) => socket.write(httpAnswer(goodBody), () => void socket.end())));
    for (let index = 0; index < 30; index++) expect(await ask()).toMatchObject({ value: true });
  });

  it('hangs does not keep 500 parallel evaluations', async () => {
    // Long enough for 500 good answers on a busy machine.
    const patient = open({ timeout: 3000, retries: 0 });
    const askPatiently = () => patient.resolveBooleanEvaluation('flag', false, {});
    server.behave(onRequest(() => undefined));
    const answers = await Promise.all(Array.from({ length: 500 }, askPatiently));
    expect(answers.filter(({ value, reason }) => !value && reason === 'ERROR')).toHaveLength(500);

    server.behave(answersWell);
    await waitUntil(async () => {
      const later = await Promise.all(Array.from({ length: 50 }, askPatiently));
      return later.every(({ value }) => value);
    }, 'all is well again');
  });

  it(`is not there leaves the default (${client})`, async () => {
    for (const endpoint of [
      `http://127.0.0.1:${await closedPort()}/evaluate`,
      'http://no-such-host.invalid/evaluate',
      `https://127.0.0.1:${server.port}/evaluate`,
    ]) {
      const absent = new FlagshipServerProvider({ endpoint, timeout: 1000, retries: 0, ...clientOptions });
      const details = await within(DID_NOT_HANG, absent.resolveBooleanEvaluation('flag', true, {}));
      expect(details).toMatchObject({ value: true, reason: 'ERROR', errorCode: 'GENERAL' });
      await absent.onClose();
    }
  });
});
