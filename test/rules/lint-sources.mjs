// Applies the rules of eslint.config.mjs that concern single names to sources that are in no file. ESLint's settings are
// an ES module, which Jest does not load, so that this runs in a process of its own.
//
// Standard input: [{ file, source }] as JSON. Standard output: the reports of each source, the reports of the folders
// that are exempt from rules, and the settings for a file of lib/.
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const isOfName = (ruleId) => ruleId === 'no-console' || ruleId.startsWith('no-restricted-');

const eslint = new ESLint({
  ruleFilter: ({ ruleId }) => isOfName(ruleId),
  overrideConfig: [
    // These rules need no types, and a source that is in no file has none.
    { files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked },
    { linterOptions: { reportUnusedDisableDirectives: 'off' } },
  ],
});

const reportsOf = ({ filePath, messages }) => ({
  filePath,
  reports: messages.map(({ ruleId, message }) => `${ruleId}: ${message}`),
});

const planted = [];
for (const { file, source } of JSON.parse(await text(process.stdin))) {
  planted.push(...(await eslint.lintText(source, { filePath: file })));
}
const exempt = await eslint.lintFiles(['lib/{http,logging,options,runtime}/**/*.ts']);
const { rules } = await eslint.calculateConfigForFile('lib/service/flag.service.ts');

process.stdout.write(
  JSON.stringify({
    planted: planted.map((result) => reportsOf(result).reports),
    exempt: exempt.map(reportsOf),
    rules: Object.fromEntries(Object.entries(rules).filter(([ruleId]) => isOfName(ruleId))),
  }),
);
