import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import ts from 'typescript';
import { fixedFlags } from '../fixtures/definitions';
import { type Behaviour, httpAnswer, type RawServer } from '../fixtures/raw-server';
import { useBuiltPackage } from '../fixtures/use-built-package';
import { useServer } from '../fixtures/use-server';
import { waitUntil } from '../fixtures/wait-until';
import { readmeCode } from '../readme/readme-blocks';

const FROZEN_MS = 2500;
/** The age beyond which the handler refreshes, and the limit of a request: shorter than the process is frozen. */
const SHORT_MS = 1000;

/** A process that calls the README's handler for each line of its standard input. */
const MAIN = `
  const { handler } = require('./lambda.js');
  require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
    console.log('answer ' + JSON.stringify(await handler(JSON.parse(line))));
  });`;

/** The same with evaluation over HTTP, and with polling that is due several times while the process is frozen. */
const providerMain = (options: string): string => `
  const { OpenFeature } = require('@openfeature/server-sdk');
  const { FlagshipServerProvider } = require('./dist');
  const provider = new FlagshipServerProvider({
    appId: 'app', accountId: 'account', baseUrl: process.env.FLAGSHIP_URL, retryDelay: 50, ${options}
  });
  const started = OpenFeature.setProviderAndWait(provider);
  require('node:readline').createInterface({ input: process.stdin }).on('line', async () => {
    await started;
    const page = await OpenFeature.getClient().getStringDetails('home-page', 'classic', { targetingKey: 'ada' });
    console.log('answer ' + JSON.stringify({ page: page.errorMessage ?? page.value }));
  });`;

const built = useBuiltPackage();
const servers = useServer();

/** Answers as Flagship, for definitions and evaluations alike. */
const serving = (page: string): Behaviour => {
  const flags = fixedFlags({ 'home-page': page });
  return {
    onRequest: (socket) => {
      const evaluation = { flagKey: 'home-page', value: page, variant: 'fixed', reason: 'STATIC' };
      socket.write(httpAnswer(JSON.stringify({ ...evaluation, flags })));
    },
  };
};

beforeAll(() => {
  const block = readmeCode.get('lambda.ts');
  // The README imports the package by its name, and names no address.
  const code = (block?.code ?? '').replace('localEvaluation: true', 'baseUrl: process.env.FLAGSHIP_URL, $&');
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      experimentalDecorators: true,
    },
  });
  const manifest = { name: 'nestjs-flagship', exports: './dist/index.js' };
  writeFileSync(join(built.folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(built.folder, 'lambda.js'), outputText);
});

/** A process that answers invocations, and that can be frozen. */
function startInvocations(script: string, { url }: RawServer) {
  const environment = {
    FLAGSHIP_APP_ID: 'app',
    FLAGSHIP_ACCOUNT_ID: 'account',
    FLAGSHIP_URL: url,
    FLAGS_MAX_AGE_MS: String(SHORT_MS),
  };
  const { child, errors } = built.run(
    '-e',
    `Object.assign(process.env, ${JSON.stringify(environment)});${script}`,
  );
  const answers: unknown[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (line.startsWith('answer ')) answers.push(JSON.parse(line.slice('answer '.length)));
  });
  const send = (): void => void child.stdin.write('{ "userId": "ada" }\n');
  const nextAnswer = async (): Promise<unknown> => {
    const count = answers.length;
    await waitUntil(() => answers.length > count || child.exitCode !== null, 'an answer');
    return answers[count] ?? errors();
  };
  return {
    send,
    nextAnswer,
    invoke: () => {
      const answer = nextAnswer();
      send();
      return answer;
    },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    stop: async () => {
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Closes all connections as a server does that finds them idle, and answers otherwise from then on. */
async function cutAndServe(server: RawServer, page: string): Promise<void> {
  server.refuse();
  await server.listen();
  server.behave(serving(page));
}

describe('a process that was frozen', () => {
  it.each(['after the thaw', 'while it was frozen'])(
    'answers an invocation that arrives %s with the current flags, though its connections were closed',
    async (when) => {
      const server = await servers.startRaw();
      server.behave(serving('old'));
      const lambda = startInvocations(MAIN, server);
      expect(await lambda.invoke()).toEqual({ page: 'old' });
      lambda.freeze();
      await cutAndServe(server, 'new');
      await pause(FROZEN_MS);
      const answer = lambda.nextAnswer();
      if (when === 'while it was frozen') lambda.send();
      lambda.thaw();
      if (when === 'after the thaw') lambda.send();
      expect(await answer).toEqual({ page: 'new' });
      await lambda.stop();
    },
  );

  it('answers with the current flags though a refresh was under way when it froze', async () => {
    const server = await servers.startRaw();
    server.behave(serving('old'));
    const lambda = startInvocations(MAIN, server);
    expect(await lambda.invoke()).toEqual({ page: 'old' });
    server.behave({ onRequest: () => undefined });
    await pause(SHORT_MS);
    const answer = lambda.nextAnswer();
    lambda.send();
    await waitUntil(() => server.requests === 1, 'the refresh');
    lambda.freeze();
    await cutAndServe(server, 'new');
    await pause(FROZEN_MS);
    lambda.thaw();
    // The invocation that froze has the flags of its time, or already the new ones.
    expect([{ page: 'old' }, { page: 'new' }]).toContainEqual(await answer);
    expect(await lambda.invoke()).toEqual({ page: 'new' });
    await lambda.stop();
  });

  it('answers over HTTP with the current flags', async () => {
    const server = await servers.startRaw();
    server.behave(serving('old'));
    const lambda = startInvocations(providerMain(''), server);
    expect(await lambda.invoke()).toEqual({ page: 'old' });
    lambda.freeze();
    await cutAndServe(server, 'new');
    await pause(FROZEN_MS);
    const answer = lambda.nextAnswer();
    lambda.send();
    lambda.thaw();
    expect(await answer).toEqual({ page: 'new' });
    await lambda.stop();
  });

  it('polls once for all the times that it has missed', async () => {
    const server = await servers.startRaw();
    server.behave(serving('old'));
    const lambda = startInvocations(
      providerMain(`localEvaluation: true, refreshInterval: ${FROZEN_MS}`),
      server,
    );
    expect(await lambda.invoke()).toEqual({ page: 'old' });
    lambda.freeze();
    server.behave(serving('new'));
    await pause(4 * FROZEN_MS);
    expect(server.requests).toBe(0);
    lambda.thaw();
    await waitUntil(() => server.requests > 0, 'the poll');
    await waitUntil(
      async () => ((await lambda.invoke()) as { page: string }).page === 'new',
      'the new flags',
    );
    // A slow machine may poll once more before the answer.
    expect(server.requests).toBeLessThan(3);
    await lambda.stop();
  });
});
