import { defineConfig } from 'vitest/config';

// Vite 8 reads `experimentalDecorators` and `emitDecoratorMetadata` from tsconfig.json.
export default defineConfig({ test: { globals: true, include: ['test/**/*.test.ts'] } });
