import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import request from 'supertest';
import { type Definitions } from 'nestjs-flagship';
import { type FlagshipMode, readMode } from '../../sample/src/mode/flagship-mode';
import { FLAGS_PATH } from '../../sample/src/paths';
import { type Sample, startSample } from '../../sample/src/start-sample';
import { waitUntil } from '../fixtures/wait-until';

const CHROMIUM = '/usr/bin/chromium';
const hasChromium = existsSync(CHROMIUM);
// CI fails without a browser, so that a skipped test does not pass for a successful one.
const describeInBrowser = hasChromium || process.env.CI !== undefined ? describe : describe.skip;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the routes answer JSON of many shapes
type Answer = any;
type Flags = Record<string, Definitions['flags'][string] & { variations: Record<string, unknown> }>;

let folder: string;
let flagsPath: string;
let sample: Sample;

/** Starts the shop before each test of a group, with a copy of the flags. */
function useSample(mode: FlagshipMode): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sample-'));
    flagsPath = join(folder, 'flags.json');
    await copyFile(FLAGS_PATH, flagsPath);
    sample = await startSample({ port: 0, flagsPath, mode });
  });

  afterEach(async () => {
    await sample.close();
    await rm(folder, { recursive: true });
  });
}

async function editFlags(edit: (flags: Flags) => void): Promise<void> {
  const file = JSON.parse(await readFile(flagsPath, 'utf8')) as { flags: Flags };
  edit(file.flags);
  await writeFile(flagsPath, JSON.stringify(file));
}

function as(user: string, plan: string) {
  const headers = { 'x-user-id': user, 'x-plan': plan };
  const agent = request(sample.url);
  return {
    get: async (path: string): Promise<Answer> => {
      const { body }: Answer = await agent.get(path).set(headers).expect(200);
      return body;
    },
    post: (path: string, body: object = {}) => agent.post(path).set(headers).send(body),
  };
}

describe.each(['remote', 'local'] as const)('the routes of the sample, in %s mode,', (mode) => {
  useSample(mode);

  it('serve the page', async () => {
    const page = await request(sample.url)
      .get('/')
      .expect(200)
      .expect('content-type', /text\/html/);
    expect(page.text).toContain('<table');
  });

  it.each([
    ['ada', 'free', 'classic', '#b5482a'],
    ['ada', 'pro', 'classic', '#1f6f5c'],
    ['ada', 'team', 'studio', '#4453b8'],
    ['chiyo', 'free', 'gallery', '#b5482a'],
  ])('give %s on %s the home page "%s" in %s', async (user, plan, page, accent) => {
    const home = await as(user, plan).get('/api/home');
    expect(home).toMatchObject({ hero: { page }, look: { accent } });
  });

  it('open the new checkout to pro only', async () => {
    await as('ada', 'free')
      .post('/api/checkout/v2')
      .expect(404, { message: 'Cannot POST /api/checkout/v2', error: 'Not Found', statusCode: 404 });
    await as('ada', 'team').post('/api/checkout/v2').expect(404);
    const { body } = await as('ada', 'pro').post('/api/checkout/v2').expect(200);
    expect(body).toMatchObject({ checkout: 'new' });
    await as('ada', 'free').post('/api/checkout').expect(200);
  });

  it('show each user the checkout that is open to them', async () => {
    expect(await as('ada', 'free').get('/api/checkout')).toMatchObject({ path: '/api/checkout' });
    expect(await as('ada', 'pro').get('/api/checkout')).toMatchObject({ path: '/api/checkout/v2' });
  });

  it('limit uploads by plan', async () => {
    expect(await as('ada', 'free').get('/api/uploads')).toEqual({ limit: 12 });
    await as('ada', 'free').post('/api/uploads', { photos: 12 }).expect(201);
    await as('ada', 'free').post('/api/uploads', { photos: 13 }).expect(413);
    await as('ada', 'pro').post('/api/uploads', { photos: 60 }).expect(201);
    await as('ada', 'team').post('/api/uploads', { photos: 241 }).expect(413);
  });

  it.each([{}, { photos: 0 }, { photos: 1.5 }, { photos: 'many' }])('refuse to upload %j', async (body) => {
    await as('ada', 'free').post('/api/uploads', body).expect(400);
  });

  it('roll same-day dispatch out by user, whatever the plan', async () => {
    for (const plan of ['free', 'pro', 'team']) {
      expect(await as('ada', plan).get('/api/products')).toMatchObject({ sameDay: false });
      expect(await as('dele', plan).get('/api/products')).toMatchObject({ sameDay: true });
    }
  });

  it('include about a quarter of the users in the rollout', async () => {
    const users = Array.from({ length: 200 }, (_, number) => `user-${number}`);
    const answers = await Promise.all(users.map((user) => as(user, 'free').get('/api/products')));
    const reached = answers.filter(({ sameDay }: { sameDay: boolean }) => sameDay).length;
    expect(reached).toBeGreaterThan(30);
    expect(reached).toBeLessThan(70);
  });

  it('return each flag with variant and reason', async () => {
    expect(await as('dele', 'pro').get('/api/flags')).toMatchObject([
      { flagKey: 'new-checkout', value: true, variant: 'on', reason: 'TARGETING_MATCH' },
      { flagKey: 'home-page', value: 'classic', variant: 'classic', reason: 'DEFAULT' },
      { flagKey: 'upload-limit', value: 60, variant: 'generous', reason: 'TARGETING_MATCH' },
      { flagKey: 'shop-look', value: { radius: 14 }, variant: 'pine', reason: 'TARGETING_MATCH' },
      { flagKey: 'same-day-dispatch', value: true, variant: 'on', reason: 'SPLIT' },
    ]);
  });

  it('follow an edit of the flags', async () => {
    await editFlags((flags) => {
      flags['upload-limit']!.variations.starter = 3;
      delete flags['new-checkout'];
    });
    const ada = as('ada', 'free');
    await waitUntil(async () => (await ada.get('/api/uploads')).limit === 3, 'the new limit');
    await ada.post('/api/uploads', { photos: 4 }).expect(413);
    const [newCheckout] = await ada.get('/api/flags');
    expect(newCheckout).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' });
  });

  it('return the mode', async () => {
    const described = { mode, description: expect.stringMatching(new RegExp(`^${mode} mode: `, 'i')) };
    expect(await as('ada', 'free').get('/api/mode')).toEqual(described);
  });

  it('use their defaults without Flagship, except in local mode', async () => {
    await sample.flagship.close();
    const ada = as('ada', 'pro');
    expect(await ada.get('/api/uploads')).toEqual({ limit: mode === 'local' ? 60 : 10 });
  });
});

describe('FLAGSHIP_MODE', () => {
  it.each([
    [undefined, 'remote'],
    ['', 'remote'],
    ['remote', 'remote'],
    ['local', 'local'],
  ])('%j means %s', (given, mode) => {
    expect(readMode(given)).toBe(mode);
  });

  it('is nothing else', () => {
    expect(() => readMode('loacl')).toThrow('FLAGSHIP_MODE must be "remote" or "local", but is "loacl".');
  });
});

describe('a second shop on the same port', () => {
  useSample('remote');

  it('is refused', async () => {
    const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const port = Number(new URL(sample.url).port);
    await expect(startSample({ port, flagsPath })).rejects.toThrow('EADDRINUSE');
    stderr.mockRestore();
  });
});

describeInBrowser(`the page of the sample, in ${CHROMIUM}`, () => {
  useSample('remote');

  let browser: Browser;
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    page = await browser.newPage();
    problems = [];
    page.on('pageerror', (error) => problems.push(error.message));
  });

  afterEach(async () => {
    await page.close();
    expect(problems).toEqual([]);
  });

  const open = async (query = '') => {
    await page.goto(`${sample.url}/${query}`);
    await page.locator('#shop .bar').waitFor();
  };

  /** Waits until an element contains the text. */
  const shows = (selector: string, text: string) =>
    page.locator(selector).filter({ hasText: text }).first().waitFor();

  const flag = (key: string) => `tr[data-flag="${key}"]`;

  it('lists every flag with value, variant and reason', async () => {
    await open('?user=dele&plan=free');
    expect(await page.locator('#flags tr').count()).toBe(5);
    await shows(flag('same-day-dispatch'), 'true');
    await shows(flag('same-day-dispatch'), 'SPLIT');
    await shows(flag('upload-limit'), '12');
    await shows(flag('upload-limit'), 'starter');
  });

  it('shows the mode, and reasons in both modes', async () => {
    await open('?user=dele&plan=pro');
    await shows('#mode', 'Remote mode');
    await sample.close();
    sample = await startSample({ port: 0, flagsPath, mode: 'local' });
    await open('?user=dele&plan=pro');
    await shows('#mode', 'Local mode');
    await shows(flag('same-day-dispatch'), 'SPLIT');
    await shows(flag('new-checkout'), 'TARGETING_MATCH');
  });

  it('changes with user and plan, and keeps both over a reload', async () => {
    await open();
    await shows('.checkout', 'Go to checkout');
    await page.getByRole('radio', { name: 'pro' }).check();
    await shows('.checkout', 'Pay in one step');
    await page.getByRole('radio', { name: 'Chiyo' }).check();
    await shows('.hero h2', 'Hang the summer');
    await shows('.badge', 'Same-day dispatch');
    await page.reload();
    await shows('.hero h2', 'Hang the summer');
    expect(page.url()).toContain('user=chiyo&plan=pro');
    await page.goBack();
    await shows('.hero h2', 'Prints worth keeping');
  });

  it('accepts any user id that a header can carry', async () => {
    await open();
    await page.getByLabel('Another user id').fill('zoë');
    await page.keyboard.press('Enter');
    await shows('#user-id-hint', 'letters, digits');
    await page.getByLabel('Another user id').fill('sami');
    await page.keyboard.press('Enter');
    await shows('.greeting', 'sami');
    await shows('.badge', 'Same-day dispatch');
  });

  it('can be used with the keyboard', async () => {
    await open('?user=ada&plan=free');
    await page.getByRole('radio', { name: 'free' }).focus();
    await page.keyboard.press('ArrowRight');
    await shows(flag('new-checkout'), 'TARGETING_MATCH');
  });

  it('shows the response of the guarded route', async () => {
    await open('?user=ada&plan=free');
    const ask = page.getByRole('button', { name: 'POST /api/checkout/v2' });
    await ask.click();
    await shows('#try-checkout .response', '404 Not Found');
    await page.getByRole('radio', { name: 'pro' }).check();
    await ask.click();
    await shows('#try-checkout .response', '200 OK');
    await page.locator('.checkout').click();
    await shows('.receipt', 'Paid');
  });

  it("shows an edit after a reload, and a flag's value as text", async () => {
    await open('?user=ada&plan=free');
    const greeting = '<img src="x" onerror="document.title = 1">';
    await editFlags((flags) => {
      flags['shop-look']!.variations.terracotta = { accent: '#ffcc00', radius: 30, greeting };
    });
    const edited = async () => (await as('ada', 'free').get('/api/home')).look.radius === 30;
    await waitUntil(edited, 'the new look');
    await page.reload();
    await shows('.greeting', greeting);
    expect(await page.locator('#shop img').count()).toBe(0);
    expect(await page.locator('#shop').getAttribute('style')).toContain('--accent: #ffcc00');
  });

  it('shows that the shop does not respond, and recovers', async () => {
    await open();
    await page.route('**/api/**', (route) => route.abort());
    await page.getByRole('button', { name: 'Reload flags' }).click();
    await shows('[role=alert]', 'The shop does not respond.');
    await shows('#flags', 'No flags to show.');
    await page.unroute('**/api/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await shows('.hero h2', 'Prints worth keeping');
    expect(await page.locator('[role=alert]').isVisible()).toBe(false);
  });

  it('fits the screen of a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open(`?user=${'long-user-id'.repeat(5)}&plan=team`);
    const overflow = await page.locator('html').evaluate((root) => root.scrollWidth - root.clientWidth);
    expect(overflow).toBe(0);
  });
});
