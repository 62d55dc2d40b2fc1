import { startAtFixedRate } from '../../tools/fixed-rate.cjs';

/**
 * Calls at fixed times, and resolves once all calls have.
 *
 * @param call Resolves to what is known of one call.
 * @returns For each call what it resolved to, when it was due and its latency from then, in milliseconds.
 */
export async function openLoop(call, { rate, time }) {
  const calls = [];
  const count = Math.round((rate * time) / 1000);
  await startAtFixedRate(rate, (due) => calls.push(timed(call, due)), count).finished;
  return Promise.all(calls);
}

async function timed(call, due) {
  const result = await call();
  return { ...result, due, latency: performance.now() - due };
}
