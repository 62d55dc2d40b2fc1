import { Injectable } from '@nestjs/common';
import { FlagService } from 'nestjs-flagship';
import { NEW_CHECKOUT } from '../flags/flag-keys';

const BASKET = { items: 2, total: 9390 } as const;

@Injectable()
export class CheckoutService {
  constructor(private readonly flags: FlagService) {}

  /** Returns the basket, and the checkout that this user gets. */
  async basket() {
    return (await this.flags.isEnabled(NEW_CHECKOUT))
      ? { ...BASKET, checkout: 'new', path: '/api/checkout/v2', label: 'Pay in one step' }
      : { ...BASKET, checkout: 'old', path: '/api/checkout', label: 'Go to checkout' };
  }

  startSteps() {
    return { checkout: 'old', message: 'Three steps to go: address, delivery, payment.' };
  }

  payAtOnce() {
    return { checkout: 'new', message: 'Paid with the card on file. Your prints are on their way.' };
  }
}
