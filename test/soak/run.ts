import { join } from 'node:path';
import { type Child, startChild } from '../../tools/child-process.cjs';
import { waitUntil } from '../../tools/waiting.cjs';
import { type FaultName } from '../fixtures/faults';
import { Load } from './load';
import { type Command, type Sample, type UpstreamState } from './messages';
import { Observations } from './observations';
import { Random } from './random';
import { type Mode } from './setup';
import { Truth } from './truth';
import { change } from './weather';

const STATUS_INTERVAL = 10_000;
/** How long processes may take to end by themselves. */
const END_LIMIT = 5000;

export interface RunOptions {
  readonly mode: Mode;
  /** In milliseconds. */
  readonly time: number;
  readonly seed: number;
}

/** An application under load while Flagship falls ill and recovers. */
export class Run {
  readonly seen = new Observations();
  private readonly truth: Truth;
  private readonly random: Random;
  private readonly start = performance.now();
  private generation = 0;
  private fault: FaultName = 'healthy';

  constructor(
    private readonly options: RunOptions,
    private readonly print: (line: string) => void,
  ) {
    this.truth = new Truth(options.mode);
    this.random = new Random(options.seed);
  }

  async go(): Promise<void> {
    const { mode, time, seed } = this.options;
    const upstream = await startChild<{ endpoint: string }>(join(__dirname, 'upstream.ts'));
    const app = await startChild<{ url: string }>(join(__dirname, 'application.ts'), {
      args: [mode, upstream.ready.endpoint],
    });
    // Chance of its own: how many requests fit in must not decide about the faults.
    const load = new Load(app.ready.url, new Random(seed + 1), (request) => {
      this.seen.add(request, this.truth.objection(request));
    });
    const status = setInterval(() => {
      this.print(this.status());
    }, STATUS_INTERVAL);
    load.start();
    const calm = () => this.look(app, upstream);
    const command = (fault: FaultName) => this.command(upstream, fault);
    await change({ mode, random: this.random, change: command, calm }, this.start + time);
    await load.stop();
    clearInterval(status);
    await this.end(app, upstream);
  }

  private async command(upstream: Child<unknown>, fault: FaultName): Promise<void> {
    this.truth.command();
    const command: Command = { fault, generation: ++this.generation };
    await upstream.ask(command);
    this.fault = fault;
    this.truth.commanded(fault);
  }

  private async look(app: Child<unknown>, upstream: Child<unknown>): Promise<void> {
    const { openConnections } = await upstream.ask<UpstreamState>(null);
    const sample = await app.ask<Sample>('sample');
    this.seen.samples.push({ ...sample, at: performance.now() - this.start, connections: openConnections });
  }

  private async end(app: Child<unknown>, upstream: Child<unknown>): Promise<void> {
    await app.ask('close');
    const isAlone = async () => (await upstream.ask<UpstreamState>(null)).openConnections === 0;
    await waitUntil(isAlone, 'no connection to Flagship').catch((error: unknown) => {
      this.seen.object(`after closing: ${String(error)}`);
    });
    const code = await app.stop(END_LIMIT);
    if (code !== 0) this.seen.object(`after closing, the application ended with ${code ?? 'a kill'}`);
    await upstream.stop(END_LIMIT);
  }

  private status(): string {
    const { requests, objected, slowest, slowestEvaluation, samples } = this.seen;
    const last = samples.at(-1);
    return [
      `${Math.round((performance.now() - this.start) / 1000)} s`,
      this.fault,
      `${requests} requests, ${objected} objections`,
      `slowest ${Math.round(slowest)} ms, evaluation ${Math.round(slowestEvaluation)} ms`,
      `busy for ${Math.round(last?.longestOwnStandstill ?? 0)} ms at most`,
      `heap ${((last?.heap ?? 0) / 1e6).toFixed(1)} MB`,
      `connections ${last?.connections ?? '–'}`,
      `circuit ${last?.stats?.circuit?.state ?? '–'}`,
    ].join(' · ');
  }
}
