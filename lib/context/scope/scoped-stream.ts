import { Readable } from 'node:stream';
import { type Scopes } from './application-scopes';
import { runInScope } from './scope-storage';

/** Whether it is one of Node's streams that nothing has begun to read. */
export function canBeRead(value: unknown): value is Readable {
  return value instanceof Readable && value.readable && value.readableFlowing === null;
}

/** Whether it is a stream of no other class, as `Readable.from` makes of a generator. */
export function isPlainStream(value: object): boolean {
  return Object.getPrototypeOf(value) === Readable.prototype;
}

/**
 * Makes a stream of the same content whose source is read in a scope: the code of a generator, or of a `read` function,
 * runs wherever its stream is read, which for an answer is outside of the handler's scope.
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
  // From the beginning: an error that nothing listens for ends the process.
  source.on('error', (error) => stream.destroy(error));
  source.once('close', () => {
    if (!source.readableEnded) stream.destroy();
  });
  return stream;
}
