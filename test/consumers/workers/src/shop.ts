import { Controller, type DynamicModule, Get, Module } from '@nestjs/common';
import {
  FeatureFlag,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
} from 'nestjs-flagship';

@Controller()
export class ShopController {
  constructor(private readonly flags: FlagService) {}

  @Get()
  async home(@FlagValue('home-page', 'classic') parameter: string) {
    return { parameter, service: await this.flags.getStringValue('home-page', 'classic') };
  }

  @FeatureFlag('new-checkout')
  @Get('checkout')
  checkout() {
    return { checkout: 'new' };
  }
}

@Module({})
export class ShopModule {
  static with(options: FlagshipModuleOptions): DynamicModule {
    const flagship = FlagshipModule.forRoot({ requestContext: { headers: ['plan'] }, ...options });
    return { module: ShopModule, imports: [flagship], controllers: [ShopController] };
  }
}
