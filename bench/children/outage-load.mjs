// Evaluations at fixed times for distinct users, by one provider. Arguments: whose, the server's address, the rate.
// Each message asks for so many milliseconds of it, and is answered with what became of each evaluation.
import { Logger } from '@nestjs/common';
import { serveParent } from '../../tools/child-side.cjs';
import { contenders } from '../support/contenders.mjs';
import { openLoop } from '../support/open-loop.mjs';

const [name, url, rate] = process.argv.slice(2);
const LIMITS = { timeout: 300, retries: 1, retryDelay: 100 };
const OWN = { ours: { circuitBreaker: { halfOpenAfter: 2000 } }, vendor: {} };

// The table says when the circuit opens.
Logger.overrideLogger(false);

const provider = name === 'nobody' ? undefined : open();
let isOpen = false;
let user = 0;

provider?.events.addHandler('PROVIDER_STALE', () => (isOpen = true));
provider?.events.addHandler('PROVIDER_READY', () => (isOpen = false));

function open() {
  return new contenders[name]({ endpoint: `${url}/evaluate`, ...LIMITS, ...OWN[name] });
}

/** Without a provider, what the schedule costs by itself. */
async function evaluate() {
  const wasOpen = isOpen;
  const context = { targetingKey: `user-${user++}`, plan: 'pro', country: 'DE', seats: 12, beta: true };
  const answer = await provider?.resolveBooleanEvaluation('new-checkout', false, context);
  return { wasOpen, isRight: answer?.value === true };
}

/** Due times are given in the clock that processes share. */
async function evaluateFor(time) {
  const calls = await openLoop(evaluate, { rate: Number(rate), time });
  return { calls: calls.map((call) => ({ ...call, due: performance.timeOrigin + call.due })) };
}

serveParent({}, { answer: evaluateFor });
