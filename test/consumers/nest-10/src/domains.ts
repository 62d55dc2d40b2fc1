import 'reflect-metadata';
import { deepStrictEqual } from 'node:assert';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlagshipModule, type FlagService, getFlagsToken } from 'nestjs-flagship';
import { FlagshipTestingModule } from 'nestjs-flagship/testing';

/** Nest 10 takes two modules whose metadata reads the same for one. */
async function answersOf(make: (page: string, domain?: string) => DynamicModule): Promise<string[]> {
  @Module({ imports: [make('shop'), make('bills', 'billing'), make('parcels', 'shipping')] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  const answers = [undefined, 'billing', 'shipping'].map((domain) =>
    app.get<FlagService>(getFlagsToken(domain)).getStringValue('page', 'none'),
  );
  const pages = await Promise.all(answers);
  await app.close();
  return pages;
}

async function check(): Promise<void> {
  const modules = [
    (page: string, domain?: string) => FlagshipModule.forRoot({ domain, definitions: { page } }),
    (page: string, domain?: string) => FlagshipTestingModule.forRoot({ page }, { domain }),
  ];
  for (const make of modules) deepStrictEqual(await answersOf(make), ['shop', 'bills', 'parcels']);
}

void check();
