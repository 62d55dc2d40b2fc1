// Started with --expose-gc: what a provider's cache holds on to. Arguments: whose, the server's address, how many users.
import { serveParent } from '../../tools/child-side.cjs';
import { usedHeap } from '../../tools/heap.cjs';
import { contenders } from '../support/contenders.mjs';

const [name, url, users] = process.argv.slice(2);
const LANES = 32;
const CACHE = { cacheTtl: 3_600_000, cacheMaxSize: 1000 };
const provider = new contenders[name]({ endpoint: `${url}/evaluate`, ...CACHE });
let user = 0;

// A full cache, warm code and open connections are there before anything is measured.
await ask(5000);
const before = usedHeap();
await ask(Number(users));
serveParent({ bytes: usedHeap() - before });

async function ask(count) {
  const end = user + count;
  const lane = async () => {
    while (user < end) {
      const context = { targetingKey: `user-${user++}`, plan: 'pro', country: 'DE', seats: 12, beta: true };
      const { value } = await provider.resolveBooleanEvaluation('new-checkout', false, context);
      if (value !== true) throw new Error('there is no answer');
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
