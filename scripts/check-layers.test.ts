import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseOptions, type IForbiddenRuleType } from 'dependency-cruiser';
import t from 'tap';

/** For each rule, one file that breaks it and nothing else. */
const PLANTS: Record<string, { readonly file: string; readonly imports: string }> = {
  'model-imports': { file: 'src/model/a.ts', imports: '../ports/target.ts' },
  'ports-imports': { file: 'src/ports/a.ts', imports: '../engine/target.ts' },
  'engine-imports': { file: 'src/engine/a.ts', imports: 'node:fs' },
  'ship-imports': { file: 'src/ship/a.ts', imports: '../engine/target.ts' },
  'transfer-imports': { file: 'src/transfer/a.ts', imports: 'node:http' },
  'plots-imports': { file: 'src/plots/a.ts', imports: '../ports/target.ts' },
  'config-imports': { file: 'src/config/a.ts', imports: '../ports/target.ts' },
  'adapters-imports': { file: 'src/adapters/disk/a.ts', imports: '../../engine/target.ts' },
  'report-imports': { file: 'src/report/a.ts', imports: '../commands/target.ts' },
  'commands-imports': { file: 'src/commands/a.ts', imports: '../report/target.ts' },
  'tui-imports': { file: 'src/tui/a.ts', imports: '../commands/target.ts' },
  'one-door-to-react': { file: 'src/tui/b.ts', imports: 'react' },
  'report-is-given-streams': { file: 'src/report/b.ts', imports: 'node:tty' },
  'testing-is-for-tests': { file: 'src/cli/a.ts', imports: '../testing/target.ts' },
  'tests-are-leaves': { file: 'src/cli/b.ts', imports: './target.test.ts' },
  'src-knows-no-stages': { file: 'src/cli/c.ts', imports: '../../stages/target.ts' },
  'src-knows-no-tensors': { file: 'src/cli/d.ts', imports: '@tensorflow/tfjs-core' },
  'stages-know-no-src': { file: 'stages/train/a.ts', imports: '../../src/model/target.ts' },
  'no-dev-packages-in-src': { file: 'src/cli/e.ts', imports: 'linter' },
  'no-cycles': { file: 'src/cli/f.ts', imports: './f.ts' },
  resolvable: { file: 'src/cli/g.ts', imports: './nowhere.ts' },
};

/** What the layers allow: none of these may be reported. */
const ALLOWED = [
  { file: 'src/engine/fine.ts', imports: '../ports/target.ts' },
  { file: 'src/config/fine.ts', imports: '../model/target.ts' },
  { file: 'src/adapters/disk/fine.ts', imports: 'node:fs' },
  { file: 'src/commands/fine.ts', imports: '../engine/target.ts' },
  { file: 'src/cli/fine.ts', imports: '../report/target.ts' },
  { file: 'src/tui/fine.ts', imports: '../report/target.ts' },
  { file: 'src/tui/screen.ts', imports: 'react' },
  { file: 'src/engine/fine.test.ts', imports: '../testing/target.ts' },
];

const TARGETS = [
  ...['model', 'ports', 'engine', 'commands', 'report', 'testing'].map((d) => `src/${d}/target.ts`),
  'src/cli/target.test.ts',
  'stages/target.ts',
];

const configuration = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
  readonly forbidden: IForbiddenRuleType[];
  readonly options: ICruiseOptions;
};

t.test('every rule has a plant', async (t) => {
  t.same(
    configuration.forbidden.map((rule) => rule.name).sort(),
    Object.keys(PLANTS).sort(),
    'a rule that is never seen to catch anything may catch nothing',
  );
});

t.test('every rule catches its plant, and only that', async (t) => {
  const root = t.testdir({
    'package.json': JSON.stringify({
      type: 'module',
      devDependencies: { linter: '1.0.0', react: '1.0.0' },
    }),
    'tsconfig.json': '{}',
    node_modules: {
      react: { 'package.json': '{"name":"react","main":"i.js"}', 'i.js': '' },
      linter: { 'package.json': '{"name":"linter","main":"i.js"}', 'i.js': '' },
      '@tensorflow': {
        'tfjs-core': {
          'package.json': '{"name":"@tensorflow/tfjs-core","main":"i.js"}',
          'i.js': '',
        },
      },
    },
  });
  for (const file of TARGETS) await write(root, file, 'export const target = 1;\n');
  for (const { file, imports } of [...Object.values(PLANTS), ...ALLOWED]) {
    const self = imports === './f.ts';
    await write(
      root,
      file,
      `import * as seen from '${self ? './h.ts' : imports}';\nexport { seen };\n`,
    );
    if (self) await write(root, 'src/cli/h.ts', "export * from './f.ts';\n");
  }

  const { output } = await cruise(['src', 'stages'], {
    ...configuration.options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: configuration.forbidden },
  });
  if (typeof output === 'string') throw new Error(output);

  const caught = new Map<string, Set<string>>();
  for (const { rule, from } of output.summary.violations) {
    caught.set(rule.name, (caught.get(rule.name) ?? new Set()).add(from));
  }
  for (const [rule, { file }] of Object.entries(PLANTS)) {
    t.ok(caught.get(rule)?.has(file), `${rule} is caught in ${file}`);
  }
  const reported = new Set(output.summary.violations.map(({ from }) => from));
  for (const { file } of ALLOWED) t.notOk(reported.has(file), `${file} is allowed`);
});

async function write(root: string, file: string, text: string): Promise<void> {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
