export { openFeatureClientToken } from './open-feature-client-token';
export {
  applicationConfigOf,
  clientLoggerOf,
  connectionOf,
  EVENT_KIND,
  type FastifyRequestHook,
  type GlobalDispatcher,
  globalDispatcher,
  isApplicationDispatcher,
  NEST_METADATA,
  nestMetadata,
  setFirstFastifyHook,
  transactionContextPropagatorOf,
} from './undocumented-reads';
