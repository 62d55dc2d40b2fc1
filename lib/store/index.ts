export { GuardedStore, type StoreListener } from './guarded-store';

/** What all keys of an app begin with. */
export const storePrefix = (namespace: string): string => `nestjs-flagship:${namespace}:`;
