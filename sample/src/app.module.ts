import { type DynamicModule, Module } from '@nestjs/common';
import { FlagshipModule } from 'nestjs-flagship';
import { CheckoutController } from './checkout/checkout.controller';
import { CheckoutService } from './checkout/checkout.service';
import { FlagsController } from './flags/flags.controller';
import { type FlagshipAddress, flagshipOptions } from './flagship-options';
import { HomeController } from './home/home.controller';
import { type FlagshipMode } from './mode/flagship-mode';
import { FLAGSHIP_MODE } from './mode/mode.constants';
import { ModeController } from './mode/mode.controller';
import { ProductsController } from './products/products.controller';
import { ProductsService } from './products/products.service';
import { UploadsController } from './uploads/uploads.controller';
import { UploadsService } from './uploads/uploads.service';

@Module({
  controllers: [
    HomeController,
    ProductsController,
    CheckoutController,
    UploadsController,
    FlagsController,
    ModeController,
  ],
  providers: [ProductsService, CheckoutService, UploadsService],
})
export class AppModule {
  static withFlagship(flagship: FlagshipAddress, mode: FlagshipMode): DynamicModule {
    return {
      module: AppModule,
      imports: [FlagshipModule.forRootAsync({ useFactory: () => flagshipOptions(flagship, mode) })],
      providers: [{ provide: FLAGSHIP_MODE, useValue: mode }],
    };
  }
}
