import { Controller, Get } from '@nestjs/common';
import { FlagValue } from 'nestjs-flagship';
import { HOME_PAGE, SHOP_LOOK } from '../flags/flag-keys';
import { heroOf } from './heroes';
import { DEFAULT_LOOK, type ShopLook } from './shop-look';

@Controller('api/home')
export class HomeController {
  /** Flags as parameters: their values arrive like any other argument. */
  @Get()
  home(@FlagValue(HOME_PAGE, 'classic') page: string, @FlagValue(SHOP_LOOK, DEFAULT_LOOK) look: ShopLook) {
    return { hero: heroOf(page), look: { ...DEFAULT_LOOK, ...look } };
  }
}
