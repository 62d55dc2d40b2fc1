import 'reflect-metadata';
import { serve } from './serve';
import { SHOP_FLAGS, ShopModule } from './shop';

void serve((options) => ShopModule.with(options), SHOP_FLAGS);
