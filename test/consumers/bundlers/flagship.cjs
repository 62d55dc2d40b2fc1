const { startLocalFlagship } = require('nestjs-flagship/local');

const flags = {
  'home-page': 'modern',
  'upload-limit': 20,
  'new-checkout': {
    enabled: true,
    variations: { on: true, off: false },
    default_variation: 'off',
    rules: [
      {
        conditions: [{ attribute: 'targetingKey', operator: 'equals', value: 'ada' }],
        serve_variation: 'on',
      },
    ],
  },
};

/** Runs until the standard input ends. */
async function main() {
  const flagship = await startLocalFlagship({ flags });
  console.log(flagship.url);
  process.stdin.resume().once('end', () => void flagship.close());
}

main();
