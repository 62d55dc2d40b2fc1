import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { FlagshipServerProvider } from 'nestjs-flagship';

/** Providers that take the same options, by name. */
export const contenders = { ours: FlagshipServerProvider, vendor: VendorProvider };
