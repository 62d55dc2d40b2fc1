import { serveParent } from '../../tools/child-side.cjs';
import { usedHeap } from '../../tools/heap.cjs';
import { engines } from '../support/engines.mjs';
import { manyFlags } from '../support/flag-formats.mjs';

// In a process of its own, started with --expose-gc: how long an engine takes to load flags, and what they weigh.
const [name, count, rules] = process.argv.slice(2);
const { format, open } = engines[name];

// Once with a few flags, so that neither this code's compilation nor its caches are counted.
const rehearsal = await open(JSON.stringify(manyFlags(format, 500, Number(rules))));
await rehearsal.ask('flag-1');
await rehearsal.close();

const text = JSON.stringify(manyFlags(format, Number(count), Number(rules)));
const before = usedHeap();
const start = performance.now();
const opened = await open(text);
// What only puts the text in its place is not loading.
const time = opened.time ?? performance.now() - start;
const bytes = usedHeap() - before;
await opened.ask('flag-1');
serveParent({ time, bytes, size: text.length });
