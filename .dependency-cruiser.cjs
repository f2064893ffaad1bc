/**
 * The walls of the house (ARCHITECTURE.md, layers). Each rule is planted with a violation in
 * scripts/check-layers.test.ts, which also fails when a rule has no plant.
 */
const SHARED_BY_TESTS = '^src/testing/|^src/.*/testing\\.ts$';
const TEST = `(\\.test\\.ts|\\.contract\\.ts)$|${SHARED_BY_TESTS}`;

/** Files of `folder` may import files of `folders` and, unless told otherwise, packages and Node. */
const only = (folder, folders, comment, { packages = true } = {}) => ({
  name: `${folder}-imports`,
  severity: 'error',
  comment,
  from: { path: `^src/${folder}/`, pathNot: TEST },
  to: {
    pathNot: [`^src/(${[folder, ...folders].join('|')})/`, ...(packages ? ['^(?!src/)'] : [])],
  },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    only('model', [], 'Words of the domain: values and pure functions, nothing else.', {
      packages: false,
    }),
    only('ports', ['model'], 'Interfaces in domain words.', { packages: false }),
    only('engine', ['ports', 'model'], 'The engine does no I/O of its own: ask a port.', {
      packages: false,
    }),
    only('ship', ['ports', 'model'], 'Plans and states of shipping are pure: ask a port.', {
      packages: false,
    }),
    only('transfer', ['ports', 'model'], 'What moves to and from a remote, and when: ask a port.', {
      packages: false,
    }),
    only('plots', ['model'], 'Declared charts and data files to drawings; knows no files.'),
    only('config', ['model'], 'Text to validated pipeline; knows neither engine nor ports.'),
    only('adapters', ['ports', 'model'], 'One folder per port; knows no engine.'),
    only(
      'report',
      ['model'],
      'Readers of events and views; can be deleted without changing a run.',
    ),
    only(
      'tui',
      ['report', 'model'],
      'The screen as a state and a drawing; what it asks for is done by cli.',
    ),
    only(
      'commands',
      ['config', 'engine', 'ship', 'transfer', 'plots', 'ports', 'model'],
      'One verb a file; never prints: report is for cli to connect.',
    ),
    {
      name: 'report-is-given-streams',
      severity: 'error',
      comment: 'Report writes through functions it is given, so it needs nothing of Node.',
      from: { path: '^src/(report|tui)/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'one-door-to-react',
      severity: 'error',
      comment: 'What the screen shows is decided without React: only screen.ts draws with it.',
      from: { path: '^src/', pathNot: '^src/tui/screen\\.ts$' },
      to: { path: '(^|/)node_modules/(react|ink)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'testing-is-for-tests',
      severity: 'error',
      comment: 'What tests share is never shipped.',
      from: { pathNot: `${TEST}|^(e2e|bench)/` },
      to: { path: SHARED_BY_TESTS },
    },
    {
      name: 'tests-are-leaves',
      severity: 'error',
      comment: 'Nobody imports a test.',
      from: {},
      to: { path: '\\.test\\.ts$' },
    },
    {
      name: 'src-knows-no-stages',
      severity: 'error',
      comment: 'The orchestrator knows nothing of birds: they meet in argv, env, files, exit code.',
      from: { path: '^src/' },
      to: { path: '^stages/' },
    },
    {
      name: 'src-knows-no-tensors',
      severity: 'error',
      comment: 'Packages of stages/ are no dependencies of the tool.',
      from: { path: '^src/' },
      to: { path: '(^|/)(@tensorflow/|onnxruntime-node|sharp$|sharp/)' },
    },
    {
      name: 'stages-know-no-src',
      severity: 'error',
      comment: 'A stage runs without avian.',
      from: { path: '^stages/' },
      to: { path: '^src/' },
    },
    {
      name: 'no-dev-packages-in-src',
      severity: 'error',
      comment: 'What src imports is installed with the tool, or bundled and listed here.',
      from: { path: '^src/', pathNot: TEST },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['npm', 'type-only'],
        // In dist whole: what draws in dist/html-page.js, the screen in dist/screen.js, Google's client of
        // Cloud Run in dist/open-cloud-run.js. Nobody has to install them; who watches services installs
        // Google's client of Monitoring.
        pathNot:
          '(^|/)node_modules/(d3-(dsv|scale|shape)|@dagrejs/dagre|react|ink|@google-cloud/(monitoring|run)|@grpc/grpc-js)/',
      },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|generated)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
