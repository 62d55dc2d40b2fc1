import { AnswerStore, Answers } from '../cache';
import { type ResolvedProviderOptions } from '../options';
import { type FlagSource } from '../sources';
import { GuardedStore, type StoreListener, storePrefix } from '../store';

/** Where the instances of an application share their answers. */
function createAnswerStore(
  { source, cache: { store, ttl, staleTtl } }: ResolvedProviderOptions,
  listener: StoreListener,
): AnswerStore | undefined {
  if (store === undefined || source.kind !== 'remote') return undefined;
  const guarded = new GuardedStore(store, storePrefix(source.http.namespace), listener);
  // A query may be answered otherwise than a body: it does not keep the attributes' types.
  return new AnswerStore(guarded, ttl + staleTtl, source.contextTransport);
}

/** What stands between the provider and a source that has to ask somebody; nothing before one that knows. */
export function createAnswers(
  source: FlagSource,
  options: ResolvedProviderOptions,
  listener: StoreListener,
): Answers | undefined {
  const { kind } = options.source;
  if (kind === 'local' || kind === 'definitions') return undefined;
  return new Answers(source, options.cache, options.maxConcurrent, createAnswerStore(options, listener));
}
