import { writeFile } from 'node:fs/promises';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { certificate } from '../fixtures/certificate';
import { answer, askFlag } from '../fixtures/open-providers';
import { useCleanup } from '../fixtures/use-cleanup';
import { useFolder } from '../fixtures/use-folder';
import { useProxy } from '../fixtures/use-proxy';
import { useTlsServer } from '../fixtures/use-tls-server';
import { useReadme } from './use-readme';

const code = useReadme();
const cleanUp = useCleanup();
const startTls = useTlsServer();
const startProxy = useProxy();
const folder = useFolder();

it.each(['directly', 'through a proxy'])('certificates.ts: the authority is known %s', async (way) => {
  const proxy = await startProxy();
  const file = folder('company.pem');
  await writeFile(file, certificate);
  code.setEnvironment('COMPANY_CA_FILE', file);
  if (way !== 'directly') code.setEnvironment('HTTPS_PROXY', proxy.url);
  const before = getGlobalDispatcher();
  const { trustCompany } = code.load<{ trustCompany: () => void }>('certificates.ts');
  trustCompany();
  const dispatcher = getGlobalDispatcher();
  cleanUp(async () => {
    setGlobalDispatcher(before);
    await dispatcher.destroy();
  });
  const endpoint = `${await startTls(answer(true).body)}/evaluate`;
  const provider = new FlagshipServerProvider({ endpoint, retries: 0 });
  cleanUp(() => provider.onClose());
  expect(await askFlag(provider)).toMatchObject({ value: true });
  expect(proxy.tunnels).toHaveLength(way === 'directly' ? 0 : 1);
});
