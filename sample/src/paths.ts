import { join } from 'node:path';

// One level below sample/, both as source (sample/src) and as build (sample/dist).
const SAMPLE = join(__dirname, '..');

export const FLAGS_PATH = join(SAMPLE, 'flags.json');
export const PUBLIC_PATH = join(SAMPLE, 'public');
