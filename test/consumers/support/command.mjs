import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A command that did not do what it should; `output` is all that it said. */
export class CommandError extends Error {
  constructor(message, output) {
    super(message);
    this.output = output;
  }
}

/** Everything that was started here and has not ended. */
const running = new Set();

/** Ends all of it, for a run that is given up. */
export function killRunning() {
  for (const command of running) command.kill();
}

/** A process with a group of its own, so that whatever it leaves behind can be found and ended. */
export class Command {
  #child;
  #ended;
  #output = '';
  #stdout = '';
  #stderr = '';

  constructor(file, args, { cwd, env = {}, stdin = 'ignore' }) {
    this.line = [file, ...args].join(' ');
    this.#child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [stdin, 'pipe', 'pipe'],
      detached: true,
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      this.#stdout += text;
      this.#output += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr += text;
      this.#output += text;
    });
    // A process that died early is found by its exit code, not by what could not be written to it.
    this.#child.stdin?.on('error', () => undefined);
    this.#ended = once(this.#child, 'close');
    running.add(this);
    this.#ended.catch(() => undefined).finally(() => running.delete(this));
  }

  get stdin() {
    return this.#child.stdin;
  }

  get stdout() {
    return this.#stdout;
  }

  get stderr() {
    return this.#stderr;
  }

  error(problem) {
    return new CommandError(`${this.line}\n${problem}`, this.#output);
  }

  /** The first line of the standard output. */
  async firstLine(limit) {
    await this.#within(limit, 'said nothing', this.#lineOrEnd());
    if (!this.#stdout.includes('\n')) throw this.error('ended before it said anything');
    return this.#stdout.slice(0, this.#stdout.indexOf('\n'));
  }

  async #lineOrEnd() {
    while (!this.#stdout.includes('\n')) {
      const ended = await Promise.race([once(this.#child.stdout, 'data'), this.#ended.then(() => 'ended')]);
      if (ended === 'ended') return;
    }
  }

  /** Waits until the process has ended by itself, with code 0, and checks that it left no other process behind. */
  async success(limit) {
    const [code, signal] = await this.#within(limit, 'still ran', this.#ended);
    if (code !== 0) throw this.error(`ended with ${signal ?? `code ${code}`}`);
    if (this.kill()) throw this.error('left a process behind');
    return this.#stdout;
  }

  /** Ends what is still running of the process and its children; false when nothing is. */
  kill() {
    try {
      return process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      return false;
    }
  }

  async #within(limit, problem, promise) {
    let timer;
    const tooLate = new Promise((_, reject) => {
      timer = setTimeout(() => reject(this.error(`${problem} after ${limit / 1000} s`)), limit);
    });
    try {
      return await Promise.race([promise, tooLate]);
    } catch (error) {
      this.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Runs a command to its end and gives its standard output. */
export function run(file, args, { limit = 120_000, ...options }) {
  return new Command(file, args, options).success(limit);
}
