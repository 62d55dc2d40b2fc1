import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { FeatureFlag } from 'nestjs-flagship';
import { NEW_CHECKOUT } from '../flags/flag-keys';
import { CheckoutService } from './checkout.service';

@Controller('api/checkout')
export class CheckoutController {
  constructor(private readonly checkout: CheckoutService) {}

  @Get()
  basket() {
    return this.checkout.basket();
  }

  @HttpCode(200)
  @Post()
  old() {
    return this.checkout.startSteps();
  }

  /** Responds with 404, as a route that does not exist, unless the flag is on for the user. */
  @FeatureFlag(NEW_CHECKOUT)
  @HttpCode(200)
  @Post('v2')
  new() {
    return this.checkout.payAtOnce();
  }
}
