import { parseJsonText } from './json-text';

describe('parseJsonText', () => {
  it('names line and column, and what is wrong there', () => {
    expect(() => parseJsonText('{\n  "a": tru\n}')).toThrow(/^2:8: not valid JSON \(.+\)\.$/);
  });

  it('names the position in a text that is nested deeper than a recursive parser can follow', () => {
    const depth = 100_000;
    const nested = `${'['.repeat(depth)}\n1 2${']'.repeat(depth)}`;
    expect(() => parseJsonText(nested)).toThrow(/^2:3: not valid JSON\.$/);
  });
});
