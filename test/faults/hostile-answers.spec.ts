import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Controller, Get } from '@nestjs/common';
import { type EvaluationContext, type JsonValue } from '@openfeature/server-sdk';
import {
  FlagService,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
  FlagValue,
} from 'nestjs-flagship';
import { waitUntil } from '../../tools/waiting.cjs';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { shop } from '../fixtures/shop-app';
import { useServer } from '../fixtures/use-server';
import { useCleanup } from '../fixtures/use-cleanup';
import { useLog } from '../fixtures/captured-log';
import { useApp } from '../fixtures/use-app';

type Options = FlagshipProviderOptions;

const MEGABYTE = 1024 * 1024;
const clients: Readonly<Record<string, Partial<Options>>> = {
  'the built-in client': {},
  'the global fetch': { fetch: (...args) => globalThis.fetch(...args) },
};
// Definitions are poisoned on purpose; what is logged besides are Nest's own lines.
useLog(/^log |^warn Flag ".*" is malformed/);
const cleanUp = useCleanup();
const apps = useApp();
const servers = useServer();
let server: ScriptedServer;

beforeAll(async () => (server = await servers.start()));

function open(options: Partial<Options>): FlagshipServerProvider {
  const provider = new FlagshipServerProvider(options);
  cleanUp(() => provider.onClose());
  return provider;
}
const openRemote = (options: Partial<Options> = {}): FlagshipServerProvider =>
  open({ endpoint: `${server.url}/evaluate`, retries: 0, ...options });

describe.each(Object.entries(clients))('too much for %s', (_, client) => {
  const blanks = ' '.repeat(MEGABYTE + 1);
  const good = JSON.stringify({ flagKey: 'flag', value: true });

  it.each([
    ['in one piece', undefined, (text: string) => text],
    ['compressed', 'gzip', (text: string) => gzipSync(text)],
  ])('is refused %s', async (_, encoding, pack) => {
    server.script((response) => {
      if (encoding !== undefined) response.setHeader('content-encoding', encoding);
      response.writeHead(200).end(pack(good + blanks));
    });
    const details = await openRemote(client).resolveBooleanEvaluation('flag', false, {});
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'PARSE_ERROR' });
  });

  it('is refused as an error’s body, and asked again where the status says that it may pass', async () => {
    for (const [status, errorCode, attempts] of [
      [503, 'GENERAL', 2],
      [429, 'GENERAL', 2],
      [425, 'GENERAL', 2],
      [400, 'PARSE_ERROR', 1],
    ] as const) {
      server.script({ status, body: good + blanks });
      const provider = openRemote({ ...client, retries: 1, retryDelay: 0 });
      const details = await provider.resolveBooleanEvaluation('flag', false, {});
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode });
      expect(server.requests).toHaveLength(attempts);
    }
  });

  it('is not read to its end', async () => {
    const faulty = await servers.startFaulty({ flag: true });
    faulty.fault = 'huge-body';
    const provider = open({ ...client, endpoint: faulty.endpoint, retries: 0 });
    const details = await provider.resolveBooleanEvaluation('flag', false, {});
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'PARSE_ERROR' });
    await waitUntil(() => faulty.waitingConnections === 0, 'the connection is cut');
    // The limit, and what buffers on the way hold.
    expect(faulty.bytesSent).toBeLessThan(30 * MEGABYTE);
  });

  it('is refused as definitions', async () => {
    const faulty = await servers.startFaulty({ flag: true });
    faulty.fault = 'huge-body';
    const provider = open({
      ...client,
      endpoint: faulty.endpoint,
      retries: 0,
      timeout: 60_000,
      localEvaluation: true,
      accountId: 'account',
    });
    await expect(provider.initialize()).rejects.toThrow(/larger than 33554432 bytes/);
  });
});

/** All that a polluted process would give away. */
function innocence(): unknown {
  const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];
  return [
    prototypes.map((prototype) => Reflect.ownKeys(prototype)),
    prototypes.map((prototype) => Object.getPrototypeOf(prototype) as unknown),
    ({} as Record<string, unknown>).polluted,
    ({} as Record<string, unknown>).value,
    ([] as unknown as Record<string, unknown>).polluted,
    {}.toString === Object.prototype.toString,
  ];
}

const evil = '{"polluted":true,"value":"evil","flagKey":"flag","toString":"evil","enabled":true}';
/** Parsed, not written as a literal: a literal's `__proto__` sets the prototype. */
const parsed = (json: string): never => JSON.parse(json) as never;
const members = `"__proto__":${evil},"constructor":{"prototype":${evil},"name":"evil"},"prototype":${evil}`;
const poison = `{${members},"a":{${members},"b":[{${members}}]}}`;
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
];

describe('poisoned JSON', () => {
  let before: unknown;
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => (before = innocence()));
  afterEach(() => expect(innocence()).toEqual(before));

  /** Flags behind every way of having definitions. */
  const ways: Readonly<Record<string, (definitions: string) => Promise<FlagshipServerProvider>>> = {
    localEvaluation: async (definitions) => {
      server.script((response) => void response.writeHead(200).end(definitions));
      const provider = openRemote({ localEvaluation: true, accountId: 'account' });
      await provider.initialize();
      return provider;
    },
    'definitions, an object': async (definitions) => {
      const provider = open({ definitions: parsed(definitions) });
      await provider.initialize();
      return provider;
    },
    'definitions, a file': async (definitions) => {
      const path = join(folder, 'flags.json');
      writeFileSync(path, definitions);
      const provider = open({ definitions: path });
      await provider.initialize();
      return provider;
    },
  };
  const boolean = (provider: FlagshipServerProvider, key: string, context: EvaluationContext = {}) =>
    provider.resolveBooleanEvaluation(key, false, context);

  function expectData(value: unknown): void {
    expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(poison)));
    expect(Object.hasOwn(value as object, '__proto__')).toBe(true);
    const { polluted, a } = value as {
      polluted?: unknown;
      a: { polluted?: unknown; b: [{ polluted?: unknown }] };
    };
    expect([polluted, a.polluted, a.b[0].polluted]).toEqual([undefined, undefined, undefined]);
    expect(Object.getPrototypeOf(value)).not.toHaveProperty('polluted');
  }

  describe.each(Object.entries(clients))('with %s', (_, client) => {
    it.each([0, 60_000])('is a value like any other (cacheTtl: %i)', async (cacheTtl) => {
      server.script((response) => void response.writeHead(200).end(`{"flagKey":"flag","value":${poison}}`));
      const provider = openRemote({ ...client, cacheTtl });
      for (let index = 0; index < 3; index++) {
        const { value } = await provider.resolveObjectEvaluation<JsonValue>('flag', {}, {});
        expectData(value);
        (value as Record<string, unknown>).polluted = true;
        (value as { a: Record<string, unknown> }).a.polluted = true;
      }
    });

    it.each([
      `{"__proto__":${evil}}`,
      `{"constructor":{"prototype":${evil}}}`,
      `{"__proto__":{"value":true},"flagKey":"flag"}`,
      `[${evil}]`,
    ])('is no answer: %s', async (body) => {
      for (const contextTransport of ['query', 'body'] as const) {
        server.script((response) => void response.writeHead(200).end(body));
        const provider = openRemote({ ...client, contextTransport });
        expect(await boolean(provider, 'flag')).toMatchObject({ value: false, errorCode: 'PARSE_ERROR' });
      }
    });

    it('adds no variant, no reason and no metadata', async () => {
      const body = `{"flagKey":"flag","value":true,"__proto__":{"variant":"evil","reason":"DISABLED"},"flagMetadata":${evil}}`;
      server.script((response) => void response.writeHead(200).end(body));
      const details = await boolean(openRemote(client), 'flag');
      expect(details).toEqual({ value: true, variant: undefined, reason: undefined, flagMetadata: {} });
    });

    it('adds no code and no details to an error', async () => {
      const body = '{"__proto__":{"errorCode":"TYPE_MISMATCH","errorDetails":"evil"}}';
      server.script((response) => void response.writeHead(500).end(body));
      const details = await boolean(openRemote(client), 'flag');
      expect(details).toMatchObject({ value: false, errorCode: 'GENERAL' });
      expect(details.errorMessage).not.toContain('evil');
    });

    it('travels as data in a context', async () => {
      const context = parsed(`{"targetingKey":"u",${members}}`) as EvaluationContext;
      for (const cacheTtl of [0, 60_000]) {
        server.script((response) => void response.writeHead(200).end('{"flagKey":"flag","value":true}'));
        const provider = openRemote({ ...client, cacheTtl, contextTransport: 'body' });
        expect(await boolean(provider, 'flag', context)).toMatchObject({ value: true });
        expect(JSON.stringify(JSON.parse(server.requests[0]?.body ?? ''))).toBe(
          JSON.stringify({ flagKey: 'flag', context }),
        );
      }
    });
  });

  describe.each(Object.entries(ways))('in %s', (_, openWith) => {
    const flag = (value: string, rules = '[]') =>
      `{"enabled":true,"default_variation":"v","variations":{"v":${value},"w":true},"rules":${rules}}`;

    it('is a value like any other', async () => {
      const provider = await openWith(`{"flags":{"flag":${flag(poison)}}}`.replace('"w":true', '"w":{}'));
      for (let index = 0; index < 3; index++) {
        const { value } = await provider.resolveObjectEvaluation<JsonValue>('flag', {}, {});
        expectData(value);
        (value as Record<string, unknown>).polluted = true;
      }
    });

    it('makes no flags', async () => {
      const provider = await openWith(`{"flags":{"flag":${flag('false')}},"__proto__":${evil}}`);
      for (const name of NAMES) {
        expect(await boolean(provider, name)).toMatchObject({ value: false, errorCode: 'FLAG_NOT_FOUND' });
      }
      expect(await boolean(provider, 'flag')).toMatchObject({ value: false, reason: 'STATIC' });
    });

    it.each(NAMES)('answers nothing but its own for a flag called %s', async (name) => {
      const provider = await openWith(`{"flags":{"${name}":${flag('true')},"flag":${flag('false')}}}`);
      expect(await boolean(provider, name)).toMatchObject({ value: true, variant: 'v', reason: 'STATIC' });
      for (const other of NAMES.filter((each) => each !== name)) {
        expect(await boolean(provider, other)).toMatchObject({ value: false, errorCode: 'FLAG_NOT_FOUND' });
      }
      expect(await boolean(provider, 'flag')).toMatchObject({ value: false, reason: 'STATIC' });
    });

    it.each(NAMES)('serves a variation called %s only where there is one', async (name) => {
      const own = `{"enabled":true,"default_variation":"${name}","variations":{"${name}":true},"rules":[]}`;
      const none = `{"enabled":true,"default_variation":"${name}","variations":{"v":true},"rules":[]}`;
      const late = flag('false', `[{"conditions":[],"serve_variation":"${name}"}]`);
      const provider = await openWith(`{"flags":{"own":${own},"none":${none},"late":${late}}}`);
      expect(await boolean(provider, 'own')).toMatchObject({ value: true, variant: name, reason: 'STATIC' });
      for (const key of ['none', 'late']) {
        expect(await boolean(provider, key)).toMatchObject({ value: false, errorCode: 'PARSE_ERROR' });
      }
    });

    it('takes nothing from a prototype that it names', async () => {
      const inherited = '{"default_variation":"v","rules":[]}';
      const rule = '[{"__proto__":{"conditions":[],"serve_variation":"w"}}]';
      const condition =
        '[{"conditions":[{"__proto__":{"attribute":"targetingKey","operator":"equals","value":"u"}}],"serve_variation":"w"}]';
      const rollout = '[{"conditions":[],"serve_variation":"w","__proto__":{"rollout":{"percentage":0}}}]';
      const provider = await openWith(
        `{"flags":{"flag":{"enabled":true,"variations":{"v":true},"__proto__":${inherited}},"rule":${flag('false', rule)},` +
          `"condition":${flag('false', condition)},"rollout":${flag('false', rollout)}}}`,
      );
      const user = { targetingKey: 'u' };
      for (const key of ['flag', 'rule', 'condition']) {
        const { value, errorCode = 'none' } = await boolean(provider, key, user);
        expect([value, errorCode]).toEqual([false, 'PARSE_ERROR']);
      }
      expect(await boolean(provider, 'rollout', user)).toMatchObject({
        value: true,
        reason: 'TARGETING_MATCH',
      });
    });

    it('looks up own attributes only', async () => {
      const paths = [
        '__proto__',
        'constructor',
        'constructor.name',
        '__proto__.constructor.name',
        'toString.name',
        'targetingKey.length',
        'profile.plan',
      ];
      const flags = paths.map(
        (path, index) =>
          `"f${index}":${flag('false', `[{"conditions":[{"attribute":"${path}","operator":"not_equals","value":"x"}],"serve_variation":"w"}]`)}`,
      );
      const provider = await openWith(`{"flags":{${flags.join()}}}`);
      const context = { targetingKey: 'u', profile: { plan: 'pro' } };
      for (const [index, path] of paths.entries()) {
        const isOwn = path === 'profile.plan';
        expect((await boolean(provider, `f${index}`, context)).value).toBe(isOwn);
      }
      const own = parsed('{"__proto__":"pro"}') as EvaluationContext;
      expect(await boolean(provider, 'f0', own)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    });
  });
});

@Controller()
class DeepController {
  constructor(private readonly flags: FlagService) {}

  @Get('deep')
  async deep(@FlagValue('deep', { mine: true }) parameter: unknown) {
    const again = await Promise.all([1, 2, 3].map(() => this.flags.getObjectDetails('deep', { mine: true })));
    const isMine = (value: unknown): boolean => !Array.isArray(value);
    return { parameter: isMine(parameter), again: again.map(({ value }) => isMine(value)) };
  }
}

describe('values that are nested deep', () => {
  it.each([500, 2000, 4000, 6000, 8000, 12_000, 50_000])(
    '%i levels are an answer or none',
    async (levels) => {
      const value = '['.repeat(levels) + ']'.repeat(levels);
      server.script((response, { url }) => {
        const definitions = `{"flags":{"deep":{"enabled":true,"default_variation":"v","variations":{"v":${value}},"rules":[]}}}`;
        const answer = `{"flagKey":"deep","value":${value}}`;
        response.writeHead(200).end(url.includes('definitions') ? definitions : answer);
      });
      const endpoint = `${server.url}/evaluate`;
      for (const options of [{}, { cacheTtl: 60_000 }, { localEvaluation: true, accountId: 'account' }]) {
        const { app, url } = await apps.start(shop({ endpoint, retries: 0, ...options }, [DeepController]));
        const response = await fetch(`${url}/deep`);
        expect(response.status).toBe(200);
        const { parameter, again } = (await response.json()) as { parameter: boolean; again: boolean[] };
        // A few hundred levels are no danger.
        if (levels <= 500) expect([parameter, ...again]).toEqual([false, false, false, false]);
        else expect(again).toHaveLength(3);
        await app.close();
      }
    },
  );
});
