import 'reflect-metadata';
import { type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { type LocalFlagship, startLocalFlagship } from 'nestjs-flagship/local';
import { AppModule } from './app.module';
import { type FlagshipMode } from './mode/flagship-mode';
import { FLAGS_PATH, PUBLIC_PATH } from './paths';

export interface SampleOptions {
  /** The shop's port; 0 takes a free one. Default: 3000. */
  readonly port?: number;
  readonly flagsPath?: string;
  readonly mode?: FlagshipMode;
}

const settings: Readonly<NestApplicationOptions> = {
  logger: ['warn', 'error'],
  // A browser keeps its connections open, and closing would wait for them.
  forceCloseConnections: true,
  abortOnError: false,
};

/** Two servers: a local Flagship, and the shop that uses it. */
export interface Sample {
  readonly app: NestExpressApplication;
  readonly flagship: LocalFlagship;
  readonly url: string;
  close(): Promise<void>;
}

/** Starts both servers. Rejects when one of them cannot start, and closes the other. */
export async function startSample({
  port = 3000,
  flagsPath = FLAGS_PATH,
  mode = 'remote',
}: SampleOptions = {}): Promise<Sample> {
  const flagship = await startLocalFlagship({ flags: flagsPath });
  try {
    const app = await startShop(flagship, mode, port);
    const close = async () => {
      await app.close();
      await flagship.close();
    };
    return { app, flagship, url: await app.getUrl(), close };
  } catch (error) {
    await flagship.close();
    throw error;
  }
}

async function startShop(
  flagship: LocalFlagship,
  mode: FlagshipMode,
  port: number,
): Promise<NestExpressApplication> {
  const shop = AppModule.withFlagship(flagship, mode);
  const app = await NestFactory.create<NestExpressApplication>(shop, settings);
  app.useStaticAssets(PUBLIC_PATH);
  try {
    await app.listen(port, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}
