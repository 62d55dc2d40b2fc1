import { Controller, type DynamicModule, Get, Module } from '@nestjs/common';
import { type Client } from '@openfeature/server-sdk';
import { FeatureFlag, FlagService, FlagshipModule, FlagValue, InjectFlags } from 'nestjs-flagship';
import { type LocalFlagship } from 'nestjs-flagship/local';

@Controller()
export class HomeController {
  constructor(
    private readonly flags: FlagService,
    @InjectFlags('billing') private readonly billing: FlagService<'billing'>,
  ) {}

  @FeatureFlag('invoices', { domain: 'billing' })
  @Get()
  async home(@FlagValue('greeting', 'none') greeting: string) {
    return { greeting, invoices: await this.billing.isEnabled('invoices') };
  }

  /** Never called: the compiler rejects each key. */
  misspelt(client: Client): unknown[] {
    return [
      // @ts-expect-error -- there is no such flag
      this.flags.getStringValue('greting', ''),
      // @ts-expect-error -- a flag of the other module
      this.billing.isEnabled('greeting'),
      // @ts-expect-error -- declared in OpenFeature's way
      client.getNumberValue('limmit', 1),
    ];
  }
}

@Module({})
export class AppModule {
  static with({ url: baseUrl, accountId, appId }: LocalFlagship): DynamicModule {
    return {
      module: AppModule,
      imports: [
        FlagshipModule.forRoot({ definitions: { greeting: 'hello' } }),
        FlagshipModule.forRoot({ domain: 'billing', baseUrl, accountId, appId }),
      ],
      controllers: [HomeController],
    };
  }
}
