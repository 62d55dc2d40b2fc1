import { isDate } from 'node:util/types';
import { describeValue } from '../errors';
import { redactedName } from './attribute-name';
import { type Attributes } from './attributes';
import { CONTEXT_LIMITS, contextError, ContextMeter, contextTooLarge } from './context-limits';
import { jsonBytes } from './json-bytes';
import { isPlainObject } from './plain-object';
import { TARGETING_KEY, normalizeTargetingKey } from './targeting-key';

/**
 * Copies a context of any structure. Each property is read once.
 *
 * @param isStrict Whether values that JSON cannot hold are refused.
 * @returns The copy; it and the objects and lists in it are frozen.
 * @throws FlagshipError `INVALID_CONTEXT` beyond {@link CONTEXT_LIMITS}; whatever a getter or a proxy of the context
 * throws.
 */
export function copyNestedContext(context: Attributes, isStrict: boolean): Attributes {
  const meter = new ContextMeter();
  const copy = new NestedCopy(meter, isStrict).copyAttributes(context);
  if (meter.mayBeTooLarge && jsonBytes(copy) > CONTEXT_LIMITS.bytes) throw contextTooLarge();
  return copy;
}

/** The copying of one context. */
class NestedCopy {
  constructor(
    private readonly meter: ContextMeter,
    private readonly isStrict: boolean,
  ) {}

  copyAttributes(context: Attributes): Attributes {
    const names = Object.keys(context);
    const copy = this.copyMembers(context, names, '', 1);
    this.meter.addAttributes(Object.keys(copy).length);
    return copy;
  }

  private copyMembers(
    source: Attributes,
    names: readonly string[],
    prefix: string,
    level: number,
  ): Attributes {
    const members: [string, unknown][] = [];
    for (const name of names) {
      const value = source[name];
      // JSON omits undefined members.
      if (value === undefined) continue;
      this.meter.addValues(1);
      this.meter.addText(name);
      const isTargetingKey = name === TARGETING_KEY && prefix === '' && typeof value === 'object';
      const sent = isTargetingKey ? normalizeTargetingKey(value) : value;
      members.push([name, this.copyValue(sent, `${prefix}${redactedName(name)}`, level)]);
    }
    return Object.freeze(Object.fromEntries(members));
  }

  private copyList(list: readonly unknown[], path: string, level: number): unknown {
    const { length } = list;
    // Counted before the items are read: a sparse list can be long without holding items.
    this.meter.addValues(length);
    const copy: unknown[] = [];
    // JSON writes an undefined item as null.
    for (let index = 0; index < length; index++)
      copy.push(this.copyValue(list[index] ?? null, `${path}[${index}]`, level));
    return Object.freeze(copy);
  }

  private copyValue(value: unknown, path: string, level: number): unknown {
    switch (typeof value) {
      case 'string':
        this.meter.addText(value);
        return value;
      case 'number':
        return Number.isFinite(value) ? value : this.keepNonJson(value, path, String(value));
      case 'bigint':
      case 'symbol':
      case 'function':
        return this.keepNonJson(value, path, `a ${typeof value}`);
      default:
        return typeof value === 'object' && value !== null ? this.copyObject(value, path, level + 1) : value;
    }
  }

  private copyObject(value: object, path: string, level: number): unknown {
    if (isDate(value)) {
      const time = Date.prototype.getTime.call(value);
      return Number.isNaN(time) ? this.keepNonJson(value, path, 'an invalid date') : new Date(time);
    }
    const isList = Array.isArray(value);
    if (!isList && !isPlainObject(value))
      return this.keepNonJson(value, path, 'neither a plain object nor a list');
    this.meter.checkLevel(level, path);
    return isList
      ? this.copyList(value, path, level)
      : this.copyMembers(value, Object.keys(value), `${path}.`, level);
  }

  /** Returns a value that JSON cannot hold as it is, or throws in strict mode. */
  private keepNonJson(value: unknown, path: string, kind: string): unknown {
    if (this.isStrict) throw contextError(`${describeValue(path)} is ${kind}, which JSON cannot carry.`);
    return value;
  }
}
