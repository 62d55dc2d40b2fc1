import { getOpenFeatureClientToken } from '@openfeature/nestjs-sdk';
import fc from 'fast-check';
import { openFeatureClientToken } from '.';

it('the token of a client is that of @openfeature/nestjs-sdk, for each domain that the module accepts', () => {
  expect(openFeatureClientToken()).toBe(getOpenFeatureClientToken());
  const domains = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(domains, (domain) => {
      expect(openFeatureClientToken(domain)).toBe(getOpenFeatureClientToken(domain));
    }),
  );
});
