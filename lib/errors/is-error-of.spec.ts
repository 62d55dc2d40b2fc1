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
  it('knows errors of a class, and takes no harm from what throws when it is looked at', () => {
    const error = new FlagshipError('no', FlagshipErrorCode.GENERAL);
    expect([isErrorOf(error, FlagshipError), isErrorOf(error, TypeError)]).toEqual([true, false]);
    for (const thrown of [undefined, null, 'text', revoked()]) expect(isErrorOf(thrown, Error)).toBe(false);
  });

  it('keeps a flag that throws a revoked proxy from taking others down', async () => {
    captureLog();
    const fail = (): never => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what the test is about
      throw revoked();
    };
    const definitions = { good: 'one', worse: { toJSON: fail } };
    Object.defineProperty(definitions, 'bad', { get: fail, enumerable: true });
    const provider = new FlagshipServerProvider({ definitions: definitions as never });
    const answers = ['good', 'bad', 'worse'].map((key) => provider.resolveStringEvaluation(key, 'mine', {}));
    expect((await Promise.all(answers)).map(({ value, errorCode }) => [value, errorCode])).toEqual([
      ['one', undefined],
      ['mine', 'PARSE_ERROR'],
      ['mine', 'PARSE_ERROR'],
    ]);
  });
});
