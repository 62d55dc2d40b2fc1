import { Controller, type DynamicModule, Get, Injectable, Module } from '@nestjs/common';
import { FeatureFlag, FlagService, FlagshipModule, FlagValue } from 'nestjs-flagship';
import { FlagshipHealthIndicator } from 'nestjs-flagship/terminus';

@Injectable()
export class UploadService {
  constructor(private readonly flags: FlagService) {}

  limit(): Promise<number> {
    return this.flags.getNumberValue('upload-limit', 10);
  }
}

@Controller()
export class ShopController {
  constructor(private readonly uploads: UploadService) {}

  @FeatureFlag('new-checkout')
  @Get('checkout')
  checkout() {
    return { checkout: 'new' };
  }

  @Get()
  async home(@FlagValue('home-page', 'classic') page: string) {
    return { page, uploadLimit: await this.uploads.limit() };
  }
}

@Module({ controllers: [ShopController], providers: [UploadService, FlagshipHealthIndicator] })
export class ShopModule {
  /** Evaluates in this process, with what it downloads from the address. */
  static with(baseUrl: string | undefined): DynamicModule {
    const flagship = FlagshipModule.forRoot({
      baseUrl,
      appId: 'local',
      accountId: 'local',
      localEvaluation: true,
      requestContext: { userId: 'x-user' },
    });
    return { module: ShopModule, imports: [flagship] };
  }
}
