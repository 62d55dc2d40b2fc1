import type { Config } from 'jest';

// Tests reach their servers on this machine directly, whatever proxy the machine uses.
for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'])
  Reflect.deleteProperty(process.env, name);

const config: Config = {
  testMatch: ['<rootDir>/lib/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json' }] },
  // Tests import the package as its users do; these lines point the names at the sources.
  moduleNameMapper: {
    '^nestjs-flagship$': '<rootDir>/lib/index.ts',
    '^nestjs-flagship/local$': '<rootDir>/lib/local-server/index.ts',
    '^nestjs-flagship/testing$': '<rootDir>/lib/testing/index.ts',
    '^nestjs-flagship/terminus$': '<rootDir>/lib/terminus/index.ts',
  },
  testEnvironment: 'node',
  // A test that prints fails.
  setupFilesAfterEnv: ['<rootDir>/test/fixtures/no-output.ts'],
  // Tells a test that hangs from one on a busy machine.
  testTimeout: 60_000,
  maxWorkers: 2,
};

export default config;
