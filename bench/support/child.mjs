import { startChild as startProcess } from '../../tools/child-process.cjs';

const CHILDREN = new URL('../children/', import.meta.url);

/**
 * Starts a module as in production and waits for its first message.
 *
 * @param name Of a file in `children/`, or the URL of one elsewhere.
 * @returns The properties of that message, `ask` and `stop`.
 */
export async function startChild(name, args = [], execArgv = [], limitMs) {
  const env = { NODE_ENV: 'production' };
  const { ready, ask, stop } = await startProcess(new URL(name, CHILDREN), { args, execArgv, env, limitMs });
  return { ...ready, ask, stop };
}
