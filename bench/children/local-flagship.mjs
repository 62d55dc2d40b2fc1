// A local Flagship in a process of its own.
import { startLocalFlagship } from 'nestjs-flagship/local';
import { FLAGS } from '../support/context.mjs';

const flagship = await startLocalFlagship({ flags: FLAGS });
process.send({ url: flagship.url, accountId: flagship.accountId, appId: flagship.appId });
process.on('disconnect', () => process.exit());
