/** The import rules of the layout: every arrow points inwards, towards options and errors. */
const layer = (name, ...forbidden) => ({
  name: `${name}-imports-inwards`,
  severity: 'error',
  from: { path: `^lib/${name}/`, pathNot: '\\.spec\\.ts$' },
  to: { path: `^lib/(${forbidden.join('|')})` },
});
const entries = ['local', 'testing', 'ofrep', 'terminus', 'cli'].map((entry) => `${entry}/`);
const roots = ['index', 'flagship'];
const face = ['usage/', 'guards/', 'decorators/', 'service/', 'context/', 'hooks/'];
// What stands above the folders that every other part may import.
const aboveOptions = ['provider/', 'cache/', 'sources/', 'http/', 'evaluation/', 'store/', 'options/'];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '(\\.spec\\.ts|\\.d\\.ts)$' },
      to: {},
    },
    {
      name: 'nothing-imports-an-entry',
      comment:
        'local, testing, ofrep, terminus and cli import inwards; nothing imports them but each other and tests.',
      severity: 'error',
      from: { path: '^lib/', pathNot: `(^lib/(${entries.join('|')})|\\.spec\\.ts$)` },
      to: { path: `^lib/(${entries.join('|')})` },
    },
    ...face.map((name) => layer(name.slice(0, -1), ...roots)),
    layer('provider', ...roots, ...face),
    layer('cache', ...roots, ...face, 'provider/'),
    layer('sources', ...roots, ...face, 'provider/', 'cache/'),
    layer('store', ...roots, ...face, 'provider/', 'cache/', 'sources/', 'http/', 'evaluation/'),
    layer('http', ...roots, ...face, 'provider/', 'cache/', 'sources/', 'evaluation/'),
    layer('evaluation', ...roots, ...face, 'provider/', 'cache/', 'sources/', 'http/'),
    layer('options', ...roots, ...face, 'provider/', 'cache/', 'sources/', 'http/', 'evaluation/', 'store/'),
    ...['runtime', 'logging', 'types'].map((name) => layer(name, ...roots, ...face, ...aboveOptions)),
    layer('errors', ...roots, ...face, 'provider/', 'cache/', 'sources/', 'http/', 'evaluation/', 'options/'),
    {
      name: 'pure-core',
      comment: 'evaluation and errors know nothing of Nest, OpenFeature or I/O.',
      severity: 'error',
      from: { path: '^lib/(evaluation|errors)/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^lib/', dependencyTypesNot: ['local'] },
    },
    {
      name: 'network-only-in-http',
      comment: 'http/ is the one place that opens a client connection; local/ and ofrep/ serve.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '(^lib/(http|local|ofrep)/|\\.spec\\.ts$)' },
      to: { path: '(^(node:)?(http|https|http2|net|tls|dgram)$|node_modules/undici)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
    },
  },
};
