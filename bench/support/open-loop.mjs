import { clearInterval, setInterval } from 'node:timers';

const TICK = 1;

/**
 * Calls at fixed times, whether or not earlier calls have come back. A call that could not even be started in time has
 * waited since it was due: whoever would only count from its start would not see a process that stands still.
 *
 * @param call Started with every due time; resolves to whatever is to be known of it.
 * @returns For each call what it resolved to, when it was due and how long it took from then, in milliseconds.
 */
export async function openLoop(call, { rate, time }) {
  const start = performance.now();
  const count = Math.round((rate * time) / 1000);
  const calls = [];
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      for (const now = performance.now(); calls.length < count;) {
        const due = start + (calls.length * 1000) / rate;
        if (due > now) return;
        calls.push(timed(call, due));
      }
      clearInterval(timer);
      resolve();
    }, TICK);
  });
  return Promise.all(calls);
}

async function timed(call, due) {
  const result = await call();
  return { ...result, due, latency: performance.now() - due };
}
