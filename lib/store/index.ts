export { GuardedStore, storePrefix } from './guarded-store';
export { type StoreListener } from './store-health';
