import 'reflect-metadata';
import { serve } from './serve.js';
import { SHOP_FLAGS, ShopModule } from './shop.js';

await serve((options) => ShopModule.with(options), SHOP_FLAGS);
