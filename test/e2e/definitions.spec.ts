import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type Type, Logger } from '@nestjs/common';
import { type EvaluationContext, ProviderEvents } from '@openfeature/server-sdk';
import {
  FlagService,
  FlagshipError,
  type FlagshipModuleOptions,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
} from 'nestjs-flagship';
import vectors from '../fixtures/evaluation-vectors.json';
import { shop, ShopController } from '../fixtures/shop-app';
import { useApp } from '../fixtures/use-app';
import { waitUntil } from '../fixtures/wait-until';
import { useCleanup } from '../fixtures/use-cleanup';

let folder: string;
let path: string;
let warnings: string[];
const apps = useApp();
const cleanUp = useCleanup();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flags-'));
  path = join(folder, 'flags.json');
  warnings = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => {
    warnings.push(String(message));
  });
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  jest.restoreAllMocks();
});

function write(content: unknown, to = path): void {
  writeFileSync(to, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
}

function open(options: FlagshipProviderOptions): FlagshipServerProvider {
  const provider = new FlagshipServerProvider(options);
  cleanUp(() => provider.onClose());
  return provider;
}

function problemWith(definitions: unknown): FlagshipError {
  try {
    open({ definitions: definitions as string });
  } catch (error) {
    if (error instanceof FlagshipError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

const ruled = (extra: object = {}) => ({
  enabled: true,
  default_variation: 'off',
  variations: { on: 'served', off: 'otherwise' },
  rules: [{ conditions: [{ attribute: 'plan', operator: 'equals', value: 'pro' }], serve_variation: 'on' }],
  ...extra,
});
const valueOf = async (provider: FlagshipServerProvider, key: string, context = {}) => {
  const { value, errorCode } = await provider.resolveStringEvaluation(key, 'default', context);
  return errorCode ?? value;
};

describe('a file', () => {
  /** An application, and the keys of each change that it was told. */
  async function watch(options: Partial<FlagshipModuleOptions> = {}, controllers: Type[] = []) {
    const changes: string[][] = [];
    const { app, http } = await apps.start(
      shop(
        {
          definitions: path,
          handlers: [
            [
              ProviderEvents.ConfigurationChanged,
              (details) => void changes.push((details as { flagsChanged: string[] }).flagsChanged.toSorted()),
            ],
          ],
          ...options,
        },
        // As a rule without routes: the warnings are about the file alone.
        controllers,
      ),
    );
    const flags = app.get(FlagService);
    const becomes = (key: string, expected: string) =>
      waitUntil(async () => {
        const value: string = await flags.getStringValue(key, 'default');
        return value === expected;
      }, `"${key}" becomes ${expected}`);
    return { http, flags, changes, becomes };
  }

  it('is the only option that an application needs', async () => {
    write({
      'new-checkout': true,
      'home-page': 'modern',
      limit: 20,
      look: { accent: 'teal' },
      list: [1],
      nil: null,
    });
    const { http, flags } = await watch({}, [ShopController]);
    expect(await flags.isEnabled('new-checkout')).toBe(true);
    expect(await flags.getStringDetails('home-page', '?')).toMatchObject({
      value: 'modern',
      variant: 'default',
      reason: 'STATIC',
    });
    expect(await flags.getNumberValue('limit', 0)).toBe(20);
    expect(await flags.getObjectValue('look', {})).toEqual({ accent: 'teal' });
    expect(await flags.getObjectValue('list', {})).toEqual([1]);
    expect(await flags.getObjectValue('nil', {})).toBeNull();
    expect(await flags.getStringDetails('limit', '?')).toMatchObject({
      value: '?',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await flags.getStringDetails('absent', '?')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
    await http.get('/checkout/7').expect(200, { checkout: '7' });
    expect(warnings).toEqual([]);
  });

  it('may be named relative to the working directory', async () => {
    write({ flags: { a: 'one' } });
    expect(await valueOf(open({ definitions: relative(process.cwd(), path) }), 'a')).toBe('one');
  });

  it('is watched: evaluations follow an edit, and the event names the keys that changed', async () => {
    write({ flags: { 'home-page': 'classic', same: ruled(), removed: 1, nested: { a: 1 } } });
    const { changes, becomes } = await watch();
    write({ flags: { 'home-page': 'modern', added: true, same: ruled(), nested: { a: 2 } } });
    await becomes('home-page', 'modern');
    expect(changes).toEqual([['added', 'home-page', 'nested', 'removed']]);
    // Laid out otherwise, nothing has changed.
    write(JSON.stringify({ flags: { 'home-page': 'modern', added: true, same: ruled(), nested: { a: 2 } } }));
    write({ flags: { 'home-page': 'last', added: true, same: ruled(), nested: { a: 2 } } }, `${path}.new`);
    renameSync(`${path}.new`, path);
    await becomes('home-page', 'last');
    expect(changes.slice(1)).toEqual([['home-page']]);
    expect(warnings).toEqual([]);
  });

  it('keeps the flags if an edit is broken, logs its line and column, and follows the next edit', async () => {
    write({ 'home-page': 'classic' });
    const { changes, becomes, flags } = await watch();
    write('{\n  "home-page": "modern"\n]\n');
    await waitUntil(() => warnings.length > 0, 'a warning');
    expect(warnings).toEqual([expect.stringMatching(/flags\.json:3:1: not valid JSON.*stay as they were/)]);
    expect(await flags.getStringValue('home-page', '?')).toBe('classic');
    write({ 'home-page': 'modern' });
    await becomes('home-page', 'modern');
    expect(changes).toEqual([['home-page']]);
  });

  it.each([
    ['is emptied', '', /:1:1: not valid JSON/],
    ['holds a list', '[1]', /must be an object/],
    ['holds no object of flags', '{"flags": []}', /"flags" must be an object/],
  ])('keeps the last good flags if it %s', async (_, content, problem) => {
    write({ 'home-page': 'classic' });
    const { flags, changes } = await watch();
    write(content);
    await waitUntil(() => warnings.length > 0, 'a warning');
    expect(warnings[0]).toMatch(problem);
    expect(await flags.getStringValue('home-page', '?')).toBe('classic');
    expect(changes).toEqual([]);
  });

  it('keeps the last good version of a flag if an edit misspells a variation; the others follow', async () => {
    write({ flags: { 'home-page': 'classic', rule: ruled(), fallback: ruled() } });
    const { flags, changes, becomes } = await watch({ context: { plan: 'pro' } });
    const misspelt = [{ ...ruled().rules[0], serve_variation: 'onn' }];
    write({
      flags: {
        'home-page': 'modern',
        rule: ruled({ rules: misspelt }),
        fallback: ruled({ default_variation: 'of' }),
      },
    });
    await becomes('home-page', 'modern');
    expect(changes).toEqual([['home-page']]);
    for (const key of ['rule', 'fallback']) expect(await flags.getStringValue(key, '?')).toBe('served');
    expect(warnings).toEqual([
      expect.stringMatching(
        /"rule" is malformed at rule\.rules\[0\]\.serve_variation.*"onn".*stays as it was/,
      ),
      expect.stringMatching(/"fallback" is malformed at fallback\.default_variation.*"of".*stays as it was/),
    ]);
  });

  it('may have been edited while the provider was closed', async () => {
    write({ a: 'one' });
    const provider = open({ definitions: path });
    await provider.initialize();
    await provider.onClose();
    write({ a: 'two' });
    await provider.initialize();
    await waitUntil(async () => (await valueOf(provider, 'a')) === 'two', 'the edit is seen');
  });

  it('is not watched after the provider is closed', async () => {
    write({ a: 'one' });
    const [closed, other] = [open({ definitions: path }), open({ definitions: path })];
    const changes: unknown[] = [];
    closed.events.addHandler(ProviderEvents.ConfigurationChanged, (details) => void changes.push(details));
    await Promise.all([closed.initialize(), other.initialize()]);
    await closed.onClose();
    write({ a: 'two' });
    await waitUntil(async () => (await valueOf(other, 'a')) === 'two', 'the other one sees the edit');
    write({ a: 'three' });
    await waitUntil(async () => (await valueOf(other, 'a')) === 'three', 'the other one sees the next edit');
    expect(changes).toEqual([]);
    expect(await valueOf(closed, 'a')).toBe('PROVIDER_NOT_READY');
  });

  it.each([
    ['is missing', undefined, /cannot be read.*ENOENT.*flags\.json/],
    ['is broken', '{\n  "flags": {,}\n}', /flags\.json:2:13: not valid JSON/],
    ['is empty', '', /flags\.json:1:1: not valid JSON/],
    ['holds no flags', '7', /flags\.json:.*must be an object/],
  ])('stops the start if it %s', async (_, content, problem) => {
    if (content !== undefined) write(content);
    const error = problemWith(path);
    expect(error.code).toBe('CONFIGURATION_ERROR');
    expect(error.message).toMatch(problem);
    await expect(apps.start(shop({ definitions: path }))).rejects.toThrow(problem);
  });

  it('stops the start if it is a folder', () => {
    expect(problemWith(folder).message).toMatch(/cannot be read.*EISDIR/);
  });

  it('answers PARSE_ERROR for a flag that is malformed from the start, with a warning', async () => {
    write({
      flags: { good: 'one', bad: { variations: { a: 1 } }, misspelt: ruled({ default_variation: 'of' }) },
    });
    const provider = open({ definitions: path });
    expect(await valueOf(provider, 'good')).toBe('one');
    expect(await valueOf(provider, 'bad')).toBe('PARSE_ERROR');
    expect(await valueOf(provider, 'misspelt')).toBe('PARSE_ERROR');
    expect(warnings).toEqual([
      expect.stringMatching(/"bad" is malformed at bad\..*answers PARSE_ERROR/),
      expect.stringMatching(/"misspelt" is malformed at misspelt\.default_variation.*answers PARSE_ERROR/),
    ]);
  });
});

describe('an object', () => {
  it('holds flags, bare values, or both', async () => {
    const provider = open({ definitions: { flags: { bare: 'one', ruled: ruled() as never } } });
    expect(await valueOf(provider, 'bare')).toBe('one');
    expect(await valueOf(provider, 'ruled', { plan: 'pro' })).toBe('served');
    expect(await valueOf(provider, 'ruled')).toBe('otherwise');
  });

  it('is copied: neither a later change to it nor a caller changes an answer', async () => {
    const look = { colours: ['teal'] };
    const flags: Record<string, never> = { look: look as never, a: 'one' as never };
    const provider = open({ definitions: { flags } });
    look.colours.push('red');
    flags.a = 'two' as never;
    flags.late = true as never;
    expect(await valueOf(provider, 'a')).toBe('one');
    expect(await valueOf(provider, 'late')).toBe('FLAG_NOT_FOUND');
    const { value } = await provider.resolveObjectEvaluation<{ colours: string[] }>(
      'look',
      { colours: [] },
      {},
    );
    expect(value).toEqual({ colours: ['teal'] });
    value.colours.push('blue');
    expect((await provider.resolveObjectEvaluation('look', {}, {})).value).toEqual({ colours: ['teal'] });
  });

  it.each([
    ['flags that are a list', { flags: [] }],
    ['flags that are a number', { flags: 3 }],
  ])('with %s is refused at start, by the option’s name', (_, definitions) => {
    const error = problemWith(definitions);
    expect(error.code).toBe('CONFIGURATION_ERROR');
    expect(error.message).toContain('"definitions"');
  });

  it('may be empty', async () => {
    expect(await valueOf(open({ definitions: {} }), 'a')).toBe('FLAG_NOT_FOUND');
  });

  it('is always up to date', async () => {
    const provider = open({ definitions: {} });
    await provider.initialize();
    expect(await provider.refresh()).toBe(true);
  });

  it('answers before the provider is registered, not after it is closed, and again after it is reopened', async () => {
    const provider = open({ definitions: { a: 'one' } });
    expect(await valueOf(provider, 'a')).toBe('one');
    await provider.onClose();
    expect(await valueOf(provider, 'a')).toBe('PROVIDER_NOT_READY');
    await provider.initialize();
    expect(await valueOf(provider, 'a')).toBe('one');
  });
});

describe('accountId', () => {
  const splits = vectors.cases.filter(({ name }) => name.startsWith('split-50-key'));

  it('seeds the rollouts: with the real account every subject gets its real variation', async () => {
    for (const { flag, context, expected } of splits) {
      const provider = open({ definitions: { flag: flag as never }, accountId: vectors.accountId });
      expect(
        await provider.resolveBooleanEvaluation('flag', false, context as EvaluationContext),
      ).toMatchObject(expected);
    }
  });

  it('is "local" unless given', async () => {
    const sides = async (accountId?: string) => {
      const provider = open({ definitions: { flag: splits[0]?.flag as never }, accountId });
      const subjects = Array.from({ length: 200 }, (_, index) => ({ targetingKey: `user-${index}` }));
      const answers = subjects.map((context) => provider.resolveBooleanEvaluation('flag', false, context));
      return (await Promise.all(answers)).map(({ variant }) => variant).join();
    };
    expect(await sides()).toBe(await sides('local'));
    expect(await sides()).not.toBe(await sides(vectors.accountId));
  });
});
