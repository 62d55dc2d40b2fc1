import { gzipSync } from 'node:zlib';
import { ResponseHandler } from './response-handler';
import { type HttpResponse } from './transport';

const MEGABYTE = 1024 * 1024;

function receive(timeLeftMs: number, body: Buffer) {
  const aborted = jest.fn();
  let handler: ResponseHandler | undefined;
  const response = new Promise<HttpResponse>((resolve, reject) => {
    const errors = { timeout: () => new Error('too late'), network: () => new Error('no network') };
    const request = { method: 'GET', path: '/', headers: {}, maxBytes: 32 * MEGABYTE } as const;
    handler = new ResponseHandler(resolve, reject, request, errors, timeLeftMs);
    handler.onRequestStart({ abort: aborted });
    handler.onResponseStart(undefined, 200, { 'content-encoding': 'gzip' });
    handler.onResponseData(undefined, body);
    handler.onResponseEnd();
  });
  return { handler: handler!, response, aborted };
}

describe('a compressed response that takes long to decode', () => {
  const body = gzipSync(Buffer.alloc(30 * MEGABYTE, ' '));

  it('is complete when it is decoded', async () => {
    expect((await receive(60_000, body).response).body).toHaveLength(30 * MEGABYTE);
  });

  it('exceeds the time limit of its request', async () => {
    await expect(receive(1, body).response).rejects.toThrow('too late');
  });

  it('is dropped when the client closes, whose connection it no longer has', async () => {
    const { handler, response, aborted } = receive(60_000, body);
    handler.fail(new Error('closed'));
    await expect(response).rejects.toThrow('closed');
    expect(aborted).not.toHaveBeenCalled();
  });
});
