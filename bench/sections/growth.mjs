import { FlagshipServerProvider } from 'nestjs-flagship';
import { CONTEXT } from '../support/context.mjs';
import { duration, times } from '../support/figures.mjs';
import { formats, manyFlags } from '../support/flag-formats.mjs';
import { nanosecondsOf } from '../support/rounds.mjs';

/** How the time of one local evaluation grows with flags, rules and attributes. */
export async function growth() {
  const lines = [
    ...(await table('flags', [10, 100, 1000, 5000], (count) => ask(count, 3, CONTEXT))),
    ...(await table('rules', [1, 10, 100], (rules) => ask(10, rules, CONTEXT))),
    ...(await table('attributes', [1, 10, 100], (count) => ask(10, 3, wide(count)))),
  ];
  return { title: 'How one local evaluation grows (the last rule matches)', lines };
}

function ask(count, rules, context) {
  const provider = new FlagshipServerProvider({ definitions: manyFlags(formats.OURS, count, rules) });
  const key = `flag-${count - 1}`;
  return () => provider.resolveBooleanEvaluation(key, false, context);
}

/** Attributes that no rule looks at come first. */
function wide(count) {
  const others = Array.from({ length: count - 1 }, (_, index) => [`attribute-${index}`, `value-${index}`]);
  return Object.freeze({ ...Object.fromEntries(others), ...CONTEXT });
}

async function table(what, sizes, make) {
  const figures = await nanosecondsOf(Object.fromEntries(sizes.map((size) => [`size ${size}`, make(size)])), {
    rounds: 5,
  });
  const first = figures[`size ${sizes[0]}`];
  return sizes.map((size) => ({
    what: `${size} ${what}`,
    figure: duration(figures[`size ${size}`]),
    peer: `${sizes[0]} ${what}`,
    peerFigure: duration(first),
    ratio: times(figures[`size ${size}`] / first),
  }));
}
