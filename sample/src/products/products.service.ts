import { Injectable } from '@nestjs/common';
import { FlagService } from 'nestjs-flagship';
import { SAME_DAY_DISPATCH } from '../flags/flag-keys';
import { PRODUCTS } from './products';

/** Has no reference to the request: `FlagService` finds the request's user itself. */
@Injectable()
export class ProductsService {
  constructor(private readonly flags: FlagService) {}

  async list() {
    const sameDay = await this.flags.isEnabled(SAME_DAY_DISPATCH);
    return { sameDay, products: PRODUCTS.map((product) => ({ ...product, dispatch: dispatchOf(sameDay) })) };
  }
}

function dispatchOf(sameDay: boolean): string {
  return sameDay ? 'Posted today' : 'Posted in 2 days';
}
