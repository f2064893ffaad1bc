import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  appendFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import t from 'tap';

/*
 * AvianSight from a bare clone, as a newcomer runs it: `npm run test:flagship`, about ten minutes
 * on two cores without native TensorFlow. Not part of `npm test`.
 */
const source = join(import.meta.dirname, '..');
const root = realpathSync(mkdtempSync(join(tmpdir(), 'aviansight-')));
t.teardown(async () => {
  await avian('stop');
  rmSync(root, { recursive: true, force: true });
});

execFileSync('git', ['clone', '-q', source, root]);
symlinkSync(join(source, 'node_modules'), join(root, 'node_modules'));
const bin = join(source, 'dist/avian.js');

interface Settled {
  readonly [stage: string]: string;
}

async function avian(
  ...words: readonly string[]
): Promise<{ code: number | undefined; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [bin, ...words], {
    cwd: root,
    reject: false,
  });
  return { code: exitCode, stdout, stderr };
}

/** Runs `repro --json` and tells how each stage ended, and where the service answers. */
async function repro(
  ...words: readonly string[]
): Promise<{ settled: Settled; url: string | undefined }> {
  const { code, stdout, stderr } = await avian('repro', '--json', ...words);
  t.equal(code, 0, `repro ${words.join(' ')}`, { stderr });
  const events = stdout.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const settled = events
    .filter(({ type }) => type === 'stage-settled')
    .map(({ stage, outcome }) => [stage as string, (outcome as { kind: string }).kind]);
  const { urls } = events.at(-1) as { urls?: readonly string[] };
  return { settled: Object.fromEntries(settled) as Settled, url: urls?.[0] };
}

async function askForBird(
  url: string,
  path: string,
): Promise<{ species: string; revision: string }> {
  const form = new FormData();
  form.set('bird_image', new Blob([readFileSync(path)], { type: 'image/jpeg' }), 'bird.jpg');
  const answer = await fetch(`${url}/infer_image`, { method: 'POST', body: form });
  t.equal(answer.status, 200);
  return (await answer.json()) as { species: string; revision: string };
}

const accuracy = (): number =>
  (
    JSON.parse(readFileSync(join(root, 'artifacts/metrics/evaluate.json'), 'utf8')) as {
      accuracy: number;
    }
  ).accuracy;

const ALL = ['fetch', 'stats', 'train', 'evaluate', 'quantize', 'reference', 'image', 'deploy'];
const each = (kind: string, stages: readonly string[]): Settled =>
  Object.fromEntries(stages.map((stage) => [stage, kind]));

t.test('the first run trains, deploys and answers', async (t) => {
  const { settled, url = '' } = await repro();
  t.same(settled, each('executed', ALL));
  t.comment(`accuracy ${accuracy()}`);
  t.ok(accuracy() >= 0.9, 'at least 0.90 on the test split', { accuracy: accuracy() });

  const folder = join(root, 'artifacts/birds/test');
  const answers = [];
  for (const species of readdirSync(folder)) {
    const [file = ''] = readdirSync(join(folder, species)).sort();
    const { species: named } = await askForBird(url, join(folder, species, file));
    answers.push(named === species);
  }
  const right = answers.filter(Boolean).length;
  t.ok(right >= answers.length - 2, `${right} of ${answers.length} birds named by ${url}`);
});

t.test('the second run does nothing, and its last line is the URL', async (t) => {
  const { settled } = await repro();
  t.same(settled, each('skipped', ALL));
  const { stdout } = await avian('repro');
  t.match(stdout.trimEnd().split('\n').at(-1), /^url http:\/\/127\.0\.0\.1:\d+$/);
});

t.test('a comment in a file that no stage declares runs nothing', async (t) => {
  appendFileSync(join(root, 'README.md'), '\nA comment.\n');
  appendFileSync(join(root, 'pipeline.yaml'), '\n# A comment.\n');
  writeFileSync(join(root, 'notes.txt'), 'nobody reads this');
  t.same((await repro()).settled, each('skipped', ALL));
});

t.test(
  'a learning rate runs exactly train and what follows; going back runs nothing but deploy',
  async (t) => {
    const { settled, url = '' } = await repro(
      'experiment=exp1',
      'train.epochs=1',
      'quantize.min_agreement=0',
      'quantize.max_accuracy_drop=1',
      'train.lr=0.002',
    );
    t.same(settled, { ...each('executed', ALL), fetch: 'skipped', stats: 'skipped' });
    const back = await repro();
    t.same(back.settled, {
      ...each('restored', ALL),
      fetch: 'skipped',
      stats: 'skipped',
      deploy: 'executed',
    });
    t.equal(back.url, url, 'at the same URL');
  },
);

t.test('lineage leads from the service to the data', async (t) => {
  const { stdout } = await avian('lineage', 'artifacts/image', '--up');
  for (const word of ['image', 'quantize', 'train', 'fetch', 'artifacts/birds'])
    t.match(stdout, word);
  const down = await avian('lineage', 'artifacts/birds', '--down');
  t.match(down.stdout, /aviansight-\d+/);
});

t.test('the probe notices a dead service', async (t) => {
  t.equal((await avian('stop')).code, 0);
  const { stdout, code } = await avian('status', '--exit-code', 'deploy');
  t.equal(code, 3);
  t.match(stdout, /deploy/);
  const { settled } = await repro();
  t.same(settled, { ...each('skipped', ALL), deploy: 'executed' });
});
