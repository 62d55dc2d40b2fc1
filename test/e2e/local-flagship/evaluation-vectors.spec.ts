import { type LocalFlagship } from 'nestjs-flagship/local';
import vectors from '../../fixtures/evaluation-vectors.json';
import { post } from '../../fixtures/flagship-client';
import { useServer } from '../../fixtures/use-server';

const servers = useServer();

describe('the evaluation vectors, through the server', () => {
  const keyed = vectors.cases.map((item, index) => ({ ...item, name: `${index}-${item.name}` }));
  let flagship: LocalFlagship;

  beforeAll(async () => {
    const flags = Object.fromEntries(keyed.map(({ name, flag }) => [name, flag]));
    const { accountId } = vectors;
    flagship = await servers.startFlagship({ flags: { flags } as never, accountId, report: () => undefined });
  });

  it.each(keyed.map((item) => [item.name, item] as const))('%s', async (flagKey, { context, expected }) => {
    const { status, body } = await post(flagship, { flagKey, context });
    if ('error' in expected) {
      expect([status, body.errorCode]).toEqual([400, expected.error]);
    } else if ('reasonOneOf' in expected) {
      expect(expected.reasonOneOf).toContain(body.reason);
    } else {
      expect([status, body]).toEqual([200, { flagKey, ...expected }]);
    }
  });
});
