import { join } from 'node:path';

const SAMPLE = join(__dirname, '..');

export const FLAGS_PATH = join(SAMPLE, 'flags.json');
export const PUBLIC_PATH = join(SAMPLE, 'public');
