// The decorators of OpenFeature's Nest SDK inside this package's module, in JavaScript: they are called as functions.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BooleanFeatureFlag, OpenFeatureClient, RequireFlagsEnabled } from '@openfeature/nestjs-sdk';
import { FlagshipModule } from 'nestjs-flagship';
import { firstValueFrom } from 'rxjs';

class ShopController {
  constructor(client, billing) {
    Object.assign(this, { client, billing });
  }

  async shop(checkout) {
    const { value } = await firstValueFrom(checkout);
    const values = [
      this.client.getBooleanValue('checkout', false),
      this.billing.getBooleanValue('invoices', false),
    ];
    return [value, ...(await Promise.all(values))];
  }

  hidden() {
    return 'seen';
  }
}
const method = (name) => [
  ShopController.prototype,
  name,
  Object.getOwnPropertyDescriptor(ShopController.prototype, name),
];
Controller()(ShopController);
OpenFeatureClient()(ShopController, undefined, 0);
OpenFeatureClient({ domain: 'billing' })(ShopController, undefined, 1);
BooleanFeatureFlag({ flagKey: 'checkout', defaultValue: false })(ShopController.prototype, 'shop', 0);
Get('shop')(...method('shop'));
Get('hidden')(...method('hidden'));
RequireFlagsEnabled({ flags: [{ flagKey: 'hidden' }] })(...method('hidden'));

class AppModule {}
Module({
  imports: [
    FlagshipModule.forRoot({ definitions: { checkout: true, hidden: false } }),
    FlagshipModule.forRoot({ domain: 'billing', definitions: { invoices: true } }),
  ],
  controllers: [ShopController],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();
assert.deepEqual(await (await fetch(`${url}/shop`)).json(), [true, true, true]);
assert.equal((await fetch(`${url}/hidden`)).status, 404);
await app.close();
