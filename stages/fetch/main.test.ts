import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readManifest } from '../vision/manifest.ts';
import { runProgram, type StageRun } from './testing/run-stage.ts';

const SMALL = {
  source: 'plates',
  species: 3,
  train_per_species: 4,
  val_per_species: 1,
  test_per_species: 2,
  size: 32,
  looney: true,
};

function fetchInto(dir: string, out: string, data: object, seed = 47): StageRun {
  writeFileSync(join(dir, 'params.json'), JSON.stringify({ seed, data }));
  return runProgram('fetch/main.ts', ['--out', out, '--params', 'params.json'], dir);
}

function filesOf(dir: string): Map<string, string> {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
      return [path.slice(dir.length + 1), `sha256:${digest}`];
    }),
  );
}

t.test('plates: the folder and its manifest, the same bytes twice', async (t) => {
  const dir = t.testdir({});
  const run = fetchInto(dir, 'birds', SMALL);
  t.equal(run.status, 0, run.stderr);
  t.match(run.stderr, '4 classes: 16 images to train on, 4 to validate, 8 to test');
  const manifest = await readManifest(join(dir, 'birds'));
  t.same(manifest.classes, ['ember-crest', 'ember-wren', 'lagoon-kingfisher', 'looney-birds']);
  t.same(manifest.counts, { train: 16, val: 4, test: 8 });
  const files = filesOf(join(dir, 'birds'));
  files.delete('manifest.json');
  t.same(
    new Map(manifest.images.map(({ path, digest }) => [path, digest])),
    files,
    'the manifest lists what is there',
  );
  t.equal(new Set(files.values()).size, 28, 'no two pictures are the same');

  fetchInto(dir, 'again', SMALL);
  t.same(filesOf(join(dir, 'again')), filesOf(join(dir, 'birds')));
});

t.test('plates: more pictures leave the others alone; another seed does not', async (t) => {
  const dir = t.testdir({});
  const tiny = { ...SMALL, species: 2, looney: false, train_per_species: 1, test_per_species: 0 };
  fetchInto(dir, 'few', tiny);
  fetchInto(dir, 'more', { ...tiny, train_per_species: 2 });
  fetchInto(dir, 'other', tiny, 48);
  const [few, more, other] = ['few', 'more', 'other'].map((name) => filesOf(join(dir, name)));
  const path = 'train/ember-crest/0000.jpg';
  t.equal(more!.get(path), few!.get(path));
  t.not(other!.get(path), few!.get(path));
});

const REFUSED: readonly (readonly [string, object, RegExp])[] = [
  ['an unknown source', { ...SMALL, source: 'plats' }, /data\.source is "plats".*plates or folder/],
  ['too many species', { ...SMALL, species: 13 }, /data\.species is 13.*from 2 to 12/],
  ['no path', { source: 'folder', size: 64, path: '???' }, /error: the parameter data\./],
  [
    'a folder that is not there',
    {
      source: 'folder',
      path: '../nowhere',
      size: 64,
      split: { train: 0.7, val: 0.15, test: 0.15 },
      unreadable: 'skip',
      licence: 'unknown',
    },
    /there is no folder .*nowhere hint: set data\.path/,
  ],
];

for (const [name, data, message] of REFUSED) {
  t.test(`refused in one line: ${name}`, async (t) => {
    const run = fetchInto(t.testdir({}), 'birds', data);
    t.equal(run.status, 1);
    t.match(run.stderr, message);
    t.equal(run.stderr.trim().split('\n').length, 1, run.stderr);
  });
}

t.test('two fetches do not mix', async (t) => {
  const dir = t.testdir({});
  mkdirSync(join(dir, 'birds'));
  writeFileSync(join(dir, 'birds', 'old.jpg'), '');
  const run = fetchInto(dir, 'birds', SMALL);
  t.equal(run.status, 1);
  t.match(run.stderr, /birds is not empty/);
});

t.test('the probe of plates says the same whatever is asked for', async (t) => {
  const dir = t.testdir({ 'params.json': JSON.stringify({ data: SMALL }) });
  const run = runProgram('fetch/probe.ts', ['--params', 'params.json'], dir);
  t.equal(run.stdout, 'plates edition 1\n');
  t.equal(run.status, 0);
});
