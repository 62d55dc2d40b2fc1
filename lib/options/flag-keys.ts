import { type Client } from '@openfeature/server-sdk';
import { type JsonValue } from '../types';

// The key types come from OpenFeature's client. The keys that an application declares there hold here as well, and
// versions of OpenFeature that do not support declared keys still compile.

/** The keys of boolean flags: any text, unless the application has declared OpenFeature's `BooleanFlagKey`. */
export type BooleanFlagKey = Parameters<Client['getBooleanValue']>[0];

/** The keys of string flags: any text, unless the application has declared OpenFeature's `StringFlagKey`. */
export type StringFlagKey = Parameters<Client['getStringValue']>[0];

/** The keys of number flags: any text, unless the application has declared OpenFeature's `NumberFlagKey`. */
export type NumberFlagKey = Parameters<Client['getNumberValue']>[0];

/** The keys of JSON flags: any text, unless the application has declared OpenFeature's `ObjectFlagKey`. */
export type ObjectFlagKey = Parameters<Client['getObjectValue']>[0];

/** The keys of flags of all types: any text, unless the application has declared the keys of all four types. */
// eslint-disable-next-line @typescript-eslint/no-duplicate-type-constituents -- the same only where nothing is declared
export type FlagKey = BooleanFlagKey | StringFlagKey | NumberFlagKey | ObjectFlagKey;

/**
 * The keys of the flags that have values of type `T`.
 *
 * @example
 * type Limits = FlagKeyFor<number>; // 'upload-limit', if the application has declared this number flag
 */
export type FlagKeyFor<T> = [T] extends [boolean]
  ? BooleanFlagKey
  : [T] extends [string]
    ? StringFlagKey
    : [T] extends [number]
      ? NumberFlagKey
      : ObjectFlagKey;

/** The values that a flag can have whose default value has the type `T`. */
export type FlagValueLike<T> = [T] extends [boolean]
  ? boolean
  : [T] extends [string]
    ? string
    : [T] extends [number]
      ? number
      : JsonValue;

/** The declared keys; `never` where none are declared, because `string` accepts every key and identifies none. */
type Declared<Key> = string extends Key ? never : Key;

/**
 * The values that the flag `Key` can have: those of its declared type, or any value if it is not declared.
 *
 * @example
 * type Checkout = FlagValueFor<'new-checkout'>; // boolean, if the application has declared this boolean flag
 */
export type FlagValueFor<Key> = [Key] extends [Declared<BooleanFlagKey>]
  ? boolean
  : [Key] extends [Declared<StringFlagKey>]
    ? string
    : [Key] extends [Declared<NumberFlagKey>]
      ? number
      : [Key] extends [Declared<ObjectFlagKey>]
        ? Exclude<JsonValue, boolean | string | number> | object
        : JsonValue | object;
