import { Readable } from 'node:stream';
import { type Scopes } from './application-scopes';
import { runInScope } from './scope-storage';

/** Whether the value is a readable stream of Node's that no consumer has begun to read. */
export function isUnread(value: unknown): value is Readable {
  return value instanceof Readable && value.readable && value.readableFlowing === null;
}

/** Whether the value is a `Readable` and not of a subclass, as `Readable.from` returns for a generator. */
export function isPlainReadable(value: object): boolean {
  return Object.getPrototypeOf(value) === Readable.prototype;
}

/**
 * Returns a stream of the same content whose source is read in a scope. The code of a generator, or of a `read`
 * function, runs where its stream is read; Nest reads a response's stream outside of the handler's scope.
 */
export function scopedStream(source: Readable, scopes: Scopes): Readable {
  let hasBegun = false;
  const begin = (): void => {
    hasBegun = true;
    source.on('data', (chunk: unknown) => {
      if (!stream.push(chunk)) source.pause();
    });
  };
  const stream = new Readable({
    objectMode: source.readableObjectMode,
    highWaterMark: source.readableHighWaterMark,
    read: () => {
      runInScope(scopes, () => {
        if (hasBegun) source.resume();
        else begin();
      });
    },
    destroy: (error, done) => {
      source.destroy(error ?? undefined);
      done(error);
    },
  });
  source.once('end', () => stream.push(null));
  // Registered before the first read, because an error event without a listener ends the process.
  source.on('error', (error) => stream.destroy(error));
  source.once('close', () => {
    if (!source.readableEnded) stream.destroy();
  });
  return stream;
}
