import { Controller, Get, Injectable, Module, Post } from '@nestjs/common';
import { FeatureFlag, FlagService, FlagshipModule, FlagValue } from 'nestjs-flagship';

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
  @Post('checkout')
  checkout() {
    return { checkout: 'new' };
  }

  @Get()
  async home(@FlagValue('home-page', 'classic') page: string) {
    return { page, uploadLimit: await this.uploads.limit() };
  }
}

@Module({
  imports: [
    FlagshipModule.forRoot({
      appId: 'shop',
      accountId: 'account',
      authToken: 'token',
      localEvaluation: true,
    }),
  ],
  controllers: [ShopController],
  providers: [UploadService],
})
export class ShopModule {}
