import { FlagshipError, FlagshipErrorCode } from '../errors';

/** A flag's definition that cannot be evaluated. `path` says where in the definition. */
export class MalformedFlag extends FlagshipError {
  /** The flag that is malformed; known once the definitions it stands in are. */
  flagKey = '';

  constructor(
    public path: string,
    readonly problem: string,
  ) {
    super(`${path}: ${problem}`, FlagshipErrorCode.PARSE_ERROR);
  }

  /** Says in what the path so far stands; called on the way out, so that a right definition pays for no path. */
  within(place: string): this {
    this.path = this.path === '' ? place : `${place}.${this.path}`;
    this.message = `${this.path}: ${this.problem}`;
    return this;
  }
}

/** Whatever was thrown while a part was read, with the part's place. */
export function within(place: string, error: unknown): unknown {
  return error instanceof MalformedFlag ? error.within(place) : error;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function expectObject(value: unknown, path: string): JsonObject {
  if (!isObject(value)) throw notAnObject(path, value);
  return value;
}

export function notAnObject(path: string, value: unknown): MalformedFlag {
  return new MalformedFlag(path, `must be an object, but is ${kindOf(value)}`);
}

export function expectArray(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedFlag(path, `must be a list, but is ${kindOf(value)}`);
  return value;
}

export function expectString(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new MalformedFlag(path, `must be text, but is ${kindOf(value)}`);
  return value;
}

export function expectNumber(value: unknown, path: string): number {
  if (typeof value !== 'number') throw new MalformedFlag(path, `must be a number, but is ${kindOf(value)}`);
  return value;
}

export function expectBoolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean')
    throw new MalformedFlag(path, `must be true or false, but is ${kindOf(value)}`);
  return value;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value)}`;
}
