import { type Client } from '@openfeature/server-sdk';
import { type JsonValue } from './json-value';

// Taken from OpenFeature's client, so that the keys an application declares for it hold here as well, and so that
// versions of it that cannot declare keys yet still fit.

/** The keys of boolean flags: any text, unless the application has declared OpenFeature's `BooleanFlagKey`. */
export type BooleanFlagKey = Parameters<Client['getBooleanValue']>[0];

/** The keys of string flags: any text, unless the application has declared OpenFeature's `StringFlagKey`. */
export type StringFlagKey = Parameters<Client['getStringValue']>[0];

/** The keys of number flags: any text, unless the application has declared OpenFeature's `NumberFlagKey`. */
export type NumberFlagKey = Parameters<Client['getNumberValue']>[0];

/** The keys of JSON flags: any text, unless the application has declared OpenFeature's `ObjectFlagKey`. */
export type ObjectFlagKey = Parameters<Client['getObjectValue']>[0];

/** The keys of flags of whatever type; any text unless the keys of all four types are declared. */
// eslint-disable-next-line @typescript-eslint/no-duplicate-type-constituents -- the same only where nothing is declared
export type FlagKey = BooleanFlagKey | StringFlagKey | NumberFlagKey | ObjectFlagKey;

/**
 * The keys of the flags that have values of type `T`.
 *
 * @example
 * type Limits = FlagKeyFor<number>; // 'upload-limit', where that is what the application has declared
 */
export type FlagKeyFor<T> = [T] extends [boolean]
  ? BooleanFlagKey
  : [T] extends [string]
    ? StringFlagKey
    : [T] extends [number]
      ? NumberFlagKey
      : ObjectFlagKey;

/** Whatever else a flag with values of type `T` could have as its value. */
export type FlagValueLike<T> = [T] extends [boolean]
  ? boolean
  : [T] extends [string]
    ? string
    : [T] extends [number]
      ? number
      : JsonValue;

/** Nothing when the keys are not declared: a type that every text fits says nothing about one of them. */
type Declared<Key> = string extends Key ? never : Key;

/**
 * The values that the flag `Key` can have: of the type it is declared with, otherwise any.
 *
 * @example
 * type Checkout = FlagValueFor<'new-checkout'>; // boolean, where that is what the application has declared
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
