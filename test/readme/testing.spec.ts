import { TestFlags } from 'nestjs-flagship/testing';
import { tableOf } from './markdown';
import { readme } from './readme-blocks';
import { useReadme } from './use-readme';

const code = useReadme();

it('checkout.test.ts: a test sets the flags of the application and reads the evaluations', async () => {
  const { testCheckout } = code.load<{ testCheckout: () => Promise<object[]> }>('checkout.test.ts');
  const checkout = (context: object, value: boolean) => ({ flagKey: 'new-checkout', context, value });
  expect(await testCheckout()).toEqual([
    checkout({}, true),
    checkout({}, false),
    checkout({ targetingKey: 'ann' }, true),
    checkout({ plan: 'pro' }, true),
    checkout({}, false),
  ]);
});

it('the table of TestFlags lists every member', () => {
  const members = [...Object.getOwnPropertyNames(TestFlags.prototype), ...Object.keys(new TestFlags())];
  const listed = tableOf(readme, 'Testing').map(([cell = '']) => /`(\w+)/.exec(cell)?.[1]);
  expect(listed.sort()).toEqual(members.filter((name) => name !== 'constructor').sort());
});
