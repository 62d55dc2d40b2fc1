// A local Flagship in a process of its own.
import { startLocalFlagship } from 'nestjs-flagship/local';
import { serveParent } from '../../tools/child-side.cjs';
import { FLAGS } from '../support/context.mjs';

const flagship = await startLocalFlagship({ flags: FLAGS });
serveParent({ url: flagship.url, accountId: flagship.accountId, appId: flagship.appId });
