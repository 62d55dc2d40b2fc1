import { FlagshipServerProvider } from 'nestjs-flagship';
import { captureLog } from '../../test/fixtures/captured-log';
import { FlagshipError, FlagshipErrorCode, isErrorOf } from '.';

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

afterEach(() => jest.restoreAllMocks());

describe('isErrorOf', () => {
  it('recognises errors of a class, and returns false for values whose traps throw', () => {
    const error = new FlagshipError('no', FlagshipErrorCode.GENERAL);
    expect([isErrorOf(error, FlagshipError), isErrorOf(error, TypeError)]).toEqual([true, false]);
    for (const thrown of [undefined, null, 'text', revoked()]) expect(isErrorOf(thrown, Error)).toBe(false);
  });

  it('keeps other flags usable when one throws a revoked proxy', async () => {
    captureLog();
    const fail = (): never => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- any value can be thrown
      throw revoked();
    };
    const definitions = { good: 'one', worse: { toJSON: fail } };
    Object.defineProperty(definitions, 'bad', { get: fail, enumerable: true });
    const provider = new FlagshipServerProvider({ definitions: definitions as never });
    const details = ['good', 'bad', 'worse'].map((key) => provider.resolveStringEvaluation(key, 'mine', {}));
    expect((await Promise.all(details)).map(({ value, errorCode }) => [value, errorCode])).toEqual([
      ['one', undefined],
      ['mine', 'PARSE_ERROR'],
      ['mine', 'PARSE_ERROR'],
    ]);
  });
});
