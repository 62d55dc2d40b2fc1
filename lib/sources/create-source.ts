import { type ResolvedSource } from '../options';
import { BindingSource } from './binding';
import { PollingSource } from './polling';
import { StaticSource } from './static';
import { type FlagSource, type SourceListener } from './flag-source';
import { RemoteSource } from './remote';
import { SafeListener } from './safe-listener';

/** The source that the options ask for. */
export function createSource(options: ResolvedSource, given: SourceListener): FlagSource {
  const listener = new SafeListener(given);
  switch (options.kind) {
    case 'remote':
      return new RemoteSource(options.http, options.contextTransport, options.spanAttributes, listener);
    case 'polling':
      return new PollingSource(options, listener);
    case 'static':
      return new StaticSource(options, listener);
    case 'binding':
      return new BindingSource(options.binding, options.deadline);
  }
}
