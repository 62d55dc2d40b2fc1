import { type Type } from '@nestjs/common';
import { OpenFeature } from '@openfeature/server-sdk';
import { useCleanup } from '../fixtures/use-cleanup';
import { useReadme } from './use-readme';

const code = useReadme();
const cleanUp = useCleanup();

it('openfeature.ts: the provider works without Nest', async () => {
  const { homePage } = code.load<{ homePage: (userId: string) => Promise<string> }>('openfeature.ts');
  cleanUp(() => OpenFeature.clearProviders());
  expect(await homePage('ann')).toBe('modern');
});

it('in-memory.module.ts: decorators of both packages work with another provider', async () => {
  const { InMemoryModule } = code.load<{ InMemoryModule: Type }>('in-memory.module.ts');
  const { http } = await code.start(InMemoryModule);
  await http.get('/before').expect(200, 'Hi');
  await http.get('/after').expect(200, 'Hi');
});
