export { openFeatureClientToken } from './open-feature-client-token';
export {
  applicationConfigOf,
  clientLoggerOf,
  connectionOf,
  EVENT_KIND,
  type FastifyRequestHook,
  NEST_METADATA,
  nestMetadata,
  setFirstFastifyHook,
  transactionContextPropagatorOf,
} from './undocumented-reads';
