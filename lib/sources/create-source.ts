import { type ResolvedSource } from '../options';
import { BindingSource } from './binding-source';
import { PollingSource } from './definitions-source';
import { StaticSource } from './fixed-source';
import { type FlagSource, type SourceListener } from './flag-source';
import { RemoteSource } from './remote-source';
import { SafeListener } from './safe-listener';

/** The source that the options ask for. */
export function createSource(options: ResolvedSource, given: SourceListener): FlagSource {
  const listener = new SafeListener(given);
  switch (options.kind) {
    case 'remote':
      return new RemoteSource(options.http, options.contextTransport, options.spanAttributes, listener);
    case 'local':
      return new PollingSource(options, listener);
    case 'definitions':
      return new StaticSource(options, listener);
    case 'binding':
      return new BindingSource(options.binding, options.deadline);
  }
}
