// @ts-check
// Commands that run to their end or serve until they are told to close, with a limit for every wait.
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { within } = require('./waiting.cjs');

const RUN_LIMIT_MS = 120_000;

/** A command that failed. `output` is all that it wrote. */
class CommandError extends Error {
  /**
   * @param {string} message
   * @param {string} output
   */
  constructor(message, output) {
    super(message);
    this.output = output;
  }
}

/** @type {Set<Command>} */
const running = new Set();

/** Kills every command that was started here and has not ended, for a run that is given up. */
function killRunning() {
  for (const command of running) command.kill();
}

/**
 * @typedef {object} CommandOptions
 * @property {string} cwd
 * @property {Readonly<Record<string, string>>} [env] Added to the variables of this process.
 * @property {'ignore' | 'pipe'} [stdin]
 */

/** @typedef {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable | null, import('node:stream').Readable, import('node:stream').Readable>} ReadableProcess */

/** A process in a group of its own, so that processes which it leaves behind can be found and killed. */
class Command {
  #child;
  #ended;
  #output = '';
  #stdout = '';
  #stderr = '';

  /**
   * @param {string} file
   * @param {readonly string[]} args
   * @param {CommandOptions} options
   */
  constructor(file, args, { cwd, env = {}, stdin = 'ignore' }) {
    this.line = [file, ...args].join(' ');
    this.#child = /** @type {ReadableProcess} */ (
      spawn(file, args, {
        cwd,
        env: { ...process.env, ...env },
        stdio: [stdin, 'pipe', 'pipe'],
        detached: true,
      })
    );
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      this.#stdout += text;
      this.#output += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr += text;
      this.#output += text;
    });
    // A process that ended early is reported by its exit code, not by a failed write to its input.
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

  /**
   * Creates an error that holds what the command has written so far.
   *
   * @param {string} problem
   */
  error(problem) {
    return new CommandError(`${this.line}\n${problem}`, this.#output);
  }

  /**
   * Resolves with the first line of the standard output.
   *
   * @param {number} limitMs
   * @returns {Promise<string>}
   */
  async firstLine(limitMs) {
    await this.#within(limitMs, 'wrote no line', this.#lineOrEnd());
    if (!this.#stdout.includes('\n')) throw this.error('ended before it wrote a line');
    return this.#stdout.slice(0, this.#stdout.indexOf('\n'));
  }

  async #lineOrEnd() {
    while (!this.#stdout.includes('\n')) {
      const ended = await Promise.race([once(this.#child.stdout, 'data'), this.#ended.then(() => 'ended')]);
      if (ended === 'ended') return;
    }
  }

  /**
   * Waits until the process has ended by itself with code 0, checks that it left no other process behind, and resolves
   * with its standard output.
   *
   * @param {number} limitMs
   * @returns {Promise<string>}
   */
  async success(limitMs) {
    const [code, signal] = await this.#within(limitMs, 'still ran', this.#ended);
    if (code !== 0) throw this.error(`ended with ${signal ?? `code ${code}`}`);
    if (this.kill()) throw this.error('left a process behind');
    return this.#stdout;
  }

  /** Kills the process and its children, and returns whether any of them was still running. */
  kill() {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    try {
      return process.kill(-pid, 'SIGKILL');
    } catch {
      return false;
    }
  }

  /**
   * @template T
   * @param {number} limitMs
   * @param {string} problem
   * @param {Promise<T>} promise
   */
  async #within(limitMs, problem, promise) {
    try {
      return await within(limitMs, promise, () => this.error(`${problem} after ${limitMs / 1000} s`));
    } catch (error) {
      this.kill();
      throw error;
    }
  }
}

/**
 * Runs a command to its end and resolves with its standard output.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {CommandOptions & { limitMs?: number }} options
 * @returns {Promise<string>}
 */
function run(file, args, { limitMs = RUN_LIMIT_MS, ...options }) {
  return new Command(file, args, options).success(limitMs);
}

module.exports = { Command, CommandError, killRunning, run };
