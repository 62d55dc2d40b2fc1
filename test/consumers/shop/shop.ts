import {
  type CanActivate,
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  type EvaluationDetails,
  FeatureFlag,
  FlagDetails,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  type FlagsInput,
  FlagValue,
} from 'nestjs-flagship';

/** Ada sees what is new, visitors of the plan "pro" the modern page, all others the shop as it was. */
export const SHOP_FLAGS: FlagsInput = {
  'new-checkout': {
    key: 'new-checkout',
    enabled: true,
    variations: { on: true, off: false },
    default_variation: 'off',
    rules: [
      {
        conditions: [{ attribute: 'targetingKey', operator: 'equals', value: 'ada' }],
        serve_variation: 'on',
      },
    ],
  },
  'home-page': {
    key: 'home-page',
    enabled: true,
    variations: { modern: 'modern', plain: 'plain' },
    default_variation: 'plain',
    rules: [
      { conditions: [{ attribute: 'plan', operator: 'equals', value: 'pro' }], serve_variation: 'modern' },
    ],
  },
  price: {
    key: 'price',
    enabled: true,
    variations: { usual: { amount: 100, currency: 'EUR' }, reduced: { amount: 80, currency: 'EUR' } },
    default_variation: 'usual',
    rules: [
      {
        conditions: [{ attribute: 'targetingKey', operator: 'equals', value: 'ada' }],
        serve_variation: 'reduced',
      },
    ],
  },
};

interface Price {
  readonly amount: number;
  readonly currency: string;
}

interface ShopRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  user?: { readonly id: string };
}

/** Stands for a login: a visitor's header is believed. */
@Injectable()
export class LoginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<ShopRequest>();
    const id = request.headers['x-user'];
    if (id !== undefined) request.user = { id };
    return true;
  }
}

/** Knows nothing of the request: the user comes from the scope that the package opens around it. */
@Injectable()
export class PriceService {
  constructor(private readonly flags: FlagService) {}

  price(): Promise<Price> {
    return this.flags.getObjectValue<Price>('price', { amount: 0, currency: 'none' });
  }
}

@Controller()
export class ShopController {
  constructor(private readonly prices: PriceService) {}

  @Get()
  async home(
    @FlagValue('home-page', 'none') page: string,
    @FlagDetails('new-checkout', false) checkout: EvaluationDetails<boolean>,
  ) {
    const { amount } = await this.prices.price();
    return { page, amount, checkout: checkout.value, because: checkout.reason };
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
    const requestContext = { headers: { 'x-plan': 'plan' } };
    return {
      module: ShopModule,
      imports: [FlagshipModule.forRoot({ ...options, requestContext })],
      controllers: [ShopController],
      providers: [PriceService, { provide: APP_GUARD, useClass: LoginGuard }],
    };
  }
}
