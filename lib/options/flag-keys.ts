/* eslint-disable @typescript-eslint/no-redundant-type-constituents -- `keyof` is `never` only until an application adds flags */
import { type Client } from '@openfeature/server-sdk';
import { type JsonValue } from '../types';

/**
 * The flags of the application: each key with the type of its values. The application adds them, and the compiler then
 * rejects other keys. A flag's type is `boolean`, `string`, `number`, or that of an object, a list or null.
 *
 * @example
 * declare module 'nestjs-flagship' {
 *   interface FlagTypes {
 *     'new-checkout': boolean;
 *     'home-page': string;
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications add members
export interface FlagTypes {}

/**
 * The flags of the modules with a domain: each domain with its flags, as in {@link FlagTypes}. The application adds them.
 *
 * @example
 * declare module 'nestjs-flagship' {
 *   interface DomainFlagTypes {
 *     billing: { invoices: boolean; currency: string };
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications add members
export interface DomainFlagTypes {}

/** The domains of the application: any text, unless it has added members to {@link DomainFlagTypes}. */
export type FlagDomain = [keyof DomainFlagTypes] extends [never] ? string : keyof DomainFlagTypes & string;

/** The keys that OpenFeature's client accepts, by type: any text, unless the application has declared them there. */
interface OpenFeatureKeys {
  readonly boolean: Parameters<Client['getBooleanValue']>[0];
  readonly string: Parameters<Client['getStringValue']>[0];
  readonly number: Parameters<Client['getNumberValue']>[0];
  readonly object: Parameters<Client['getObjectValue']>[0];
}

interface ValueTypes {
  readonly boolean: boolean;
  readonly string: string;
  readonly number: number;
  readonly object: object | null;
}

type KeysWithType<Flags, Value> = {
  [Key in keyof Flags]-?: Flags[Key] extends Value ? Key : never;
}[keyof Flags] &
  string;

/** The declared keys; `never` where none are declared, because `string` accepts every key and identifies none. */
type Declared<Key> = string extends Key ? never : Key;

type DefaultKeys<Type extends keyof ValueTypes> = [keyof FlagTypes] extends [never]
  ? OpenFeatureKeys[Type]
  : KeysWithType<FlagTypes, ValueTypes[Type]> | Declared<OpenFeatureKeys[Type]>;

type DomainKeys<Domain, Type extends keyof ValueTypes> = [keyof DomainFlagTypes] extends [never]
  ? OpenFeatureKeys[Type]
  : Domain extends keyof DomainFlagTypes
    ? KeysWithType<DomainFlagTypes[Domain], ValueTypes[Type]>
    : never;

/**
 * The keys of one type of flags. The domain `string` stands for the module without a domain: `app.get(FlagService)`
 * returns a `FlagService<string>`, whatever the default of its type parameter.
 */
type Keys<Domain, Type extends keyof ValueTypes> = string extends Domain
  ? DefaultKeys<Type>
  : DomainKeys<Domain, Type>;

/** The keys of boolean flags: any text, unless the application has declared its flags. */
export type BooleanFlagKey<Domain extends string = string> = Keys<Domain, 'boolean'>;

/** The keys of string flags: any text, unless the application has declared its flags. */
export type StringFlagKey<Domain extends string = string> = Keys<Domain, 'string'>;

/** The keys of number flags: any text, unless the application has declared its flags. */
export type NumberFlagKey<Domain extends string = string> = Keys<Domain, 'number'>;

/** The keys of JSON flags: any text, unless the application has declared its flags. */
export type ObjectFlagKey<Domain extends string = string> = Keys<Domain, 'object'>;

/** The keys of flags of all types: any text, unless the application has declared its flags. */
export type FlagKey<Domain extends string = string> =
  BooleanFlagKey<Domain> | StringFlagKey<Domain> | NumberFlagKey<Domain> | ObjectFlagKey<Domain>;

/**
 * The keys of the flags that have values of type `T`, in the module without a domain or in that of `Domain`.
 *
 * @example
 * type Limits = FlagKeyFor<number>; // 'upload-limit', if the application has declared this number flag
 */
export type FlagKeyFor<T, Domain extends string = string> = [T] extends [boolean]
  ? BooleanFlagKey<Domain>
  : [T] extends [string]
    ? StringFlagKey<Domain>
    : [T] extends [number]
      ? NumberFlagKey<Domain>
      : ObjectFlagKey<Domain>;

/** The values that a flag can have whose default value has the type `T`. */
export type FlagValueLike<T> = [T] extends [boolean]
  ? boolean
  : [T] extends [string]
    ? string
    : [T] extends [number]
      ? number
      : JsonValue;

type KeysOfDomains<Type extends keyof ValueTypes> = {
  [Domain in keyof DomainFlagTypes]: KeysWithType<DomainFlagTypes[Domain], ValueTypes[Type]>;
}[keyof DomainFlagTypes];

/** The keys of the flags of all modules, for a test, whose flags serve all of them. */
export type AnyFlagKey = FlagKey | KeysOfDomains<keyof ValueTypes>;

type DeclaredKeys<Type extends keyof ValueTypes> = Declared<DefaultKeys<Type>> | KeysOfDomains<Type>;

type DeclaredValue<Key> =
  | (Key extends DeclaredKeys<'boolean'> ? boolean : never)
  | (Key extends DeclaredKeys<'string'> ? string : never)
  | (Key extends DeclaredKeys<'number'> ? number : never)
  | (Key extends DeclaredKeys<'object'> ? Exclude<JsonValue, boolean | string | number> | object : never);

/**
 * The values that the flag `Key` can have in any module: those of its declared type, or any value if it is not declared.
 *
 * @example
 * type Checkout = FlagValueFor<'new-checkout'>; // boolean, if the application has declared this boolean flag
 */
export type FlagValueFor<Key> = [DeclaredValue<Key>] extends [never]
  ? JsonValue | object
  : DeclaredValue<Key>;
