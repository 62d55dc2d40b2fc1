import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** This folder: every folder in it that has a package.json, or checks of its own in a check.mjs, is a consumer. */
export const HERE = resolve(import.meta.dirname, '..');

/** The file in which a consumer keeps its checks, when they are not those of every application. */
export const CHECKS = 'check.mjs';

export const NODE_CHOICES = ['current', '22', '24', 'all'];

const USAGE = `node test/consumers/run.mjs [--node ${NODE_CHOICES.join('|')}] [--only <consumer>]… [--tarball <file>]`;

async function allConsumers() {
  const names = await readdir(HERE);
  const isConsumer = (name) => ['package.json', CHECKS].some((file) => existsSync(join(HERE, name, file)));
  return names.filter(isConsumer).sort();
}

/** What the command line asks for; ends the process when that cannot be understood. */
export async function readOptions(args) {
  const known = await allConsumers();
  const { node, only, tarball } = parse(args);
  const consumers = only ?? known;
  const unknown = consumers.filter((name) => !known.includes(name));
  if (unknown.length > 0) refuse(`There is no ${unknown.join(', ')}; there are ${known.join(', ')}.`);
  if (!NODE_CHOICES.includes(node)) refuse(`There is no choice "${node}" of Node.`);
  return { node, consumers, tarball };
}

function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        node: { type: 'string', default: 'all' },
        only: { type: 'string', multiple: true },
        tarball: { type: 'string' },
      },
    }).values;
  } catch (error) {
    return refuse(error.message);
  }
}

function refuse(problem) {
  console.error(`${problem}\n${USAGE}`);
  process.exit(2);
}
