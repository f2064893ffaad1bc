import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakeGcs } from '../src/testing/fake-gcs.ts';
import { findEmulator, INSTALL, startEmulator } from '../src/testing/gcs-emulator.ts';
import { createRig, type Rig } from './rig.ts';

const FILES = {
  'pipeline.yaml': `stages:
  prepare:
    cmd: mkdir -p data && cp raw data/raw && seq 1 300000 > data/numbers
    deps: [raw]
    outs: [data]
`,
  raw: 'robin\n',
  '.gitignore': 'cache/\n/data\n',
};

/** A project with a commit that was pushed. */
async function setUp(t: Test, url: (root: string) => string, endpoint?: string): Promise<Rig> {
  const rig = createRig(t, FILES);
  const where = endpoint === undefined ? [] : ['--endpoint', endpoint];
  await rig.avian(['remote', 'add', 'lab', url(rig.root), '--default', ...where]);
  await rig.git('init', '-q');
  await commit(rig, 'first');
  return rig;
}

async function commit(rig: Rig, message: string): Promise<string> {
  await rig.avian('repro');
  await rig.git('add', '.');
  await rig.git('commit', '-qm', message);
  await rig.avian('push');
  return (await rig.git('rev-parse', 'HEAD')).trim();
}

const inBucket = (root: string): string => `file://${root}/cache/bucket`;

const read = (text: string): unknown => JSON.parse(text);

/** Changes a byte of a file. */
function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}

t.test('a commit is dropped from a remote, dry first', async (t) => {
  const rig = await setUp(t, inBucket);
  const first = (await rig.git('rev-parse', 'HEAD')).trim();
  rig.write('raw', 'wren\n');
  await commit(rig, 'second');
  const roots = join(rig.root, 'cache/bucket/roots');
  const gc = ['gc', '--remote', '--drop', first.slice(0, 10)];
  const dry = await rig.avian(gc);
  t.match(dry, { code: 0, stdout: /keeps 1 root[\s\S]*dropped[\s\S]*nothing needs .*--force/ });
  t.equal(readdirSync(roots).length, 2);
  t.notOk(existsSync(join(rig.root, 'cache/bucket/gc')));
  t.match(await rig.avian([...gc, '--force']), { code: 0, stdout: /condemned .* in 2 objects/ });
  t.match(await rig.avian('gc --remote'), { code: 0, stdout: /are condemned; .* deletes it in 2/ });
  const json = read((await rig.avian('gc --remote lab --json')).stdout);
  t.match(json, { v: 1, dry: true, roots: [{ dropped: false }], waiting: [{ names: 2 }] });
  t.match(await rig.avian(gc), { code: 64, stderr: /gc\/no-such-root/ });
  t.match(await rig.avian('gc --remote --drop abc'), { code: 64, stderr: /four characters/ });
  t.match(await rig.avian('gc --drop abcd'), { code: 64, stderr: /gc --remote --drop/ });
});

t.test('cache and remote heal each other', async (t) => {
  const rig = await setUp(t, inBucket);
  t.match(await rig.avian('fsck'), { code: 0, stdout: /all sound/ });
  t.match(await rig.avian('fsck --remote'), { code: 0, stdout: /all sound/ });

  const packs = join(rig.root, 'cache/bucket/packs');
  const [pack = ''] = readdirSync(packs);
  flip(join(packs, pack), readFileSync(join(packs, pack)).indexOf('robin'));
  const clone = createRig(t);
  await clone.git('clone', '-q', rig.root, '.');
  t.match(await clone.avian('pull'), { code: 5, stderr: /avian fsck --remote --repair/ });
  t.match(await rig.avian('fsck --remote'), { code: 5, stdout: /it has other bytes/ });
  t.match(await rig.avian('fsck --remote --repair'), { code: 0, stdout: /healed 1 object/ });
  t.match(await clone.avian('pull'), { code: 0 });

  const objects = join(rig.root, 'cache/v1/objects');
  const numbers = readdirSync(objects, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .find((path) => readFileSync(path, 'utf8').startsWith('1\n2\n'));
  flip(numbers ?? '', 0);
  t.match(await rig.avian('fsck'), { code: 5, stdout: /wrong bytes b3:/ });
  t.match(await rig.avian('fsck --repair --json'), { code: 0, stdout: /"healed":\["b3:/ });
  t.match(await rig.avian('fsck'), { code: 0 });
  // Neither side has it.
  flip(numbers ?? '', 0);
  rmSync(join(rig.root, 'cache/bucket/blobs'), { recursive: true });
  t.match(await rig.avian('fsck --repair'), { code: 5, stdout: /could not be healed/ });
  t.match(await rig.avian('fsck --remote --repair'), {
    code: 5,
    stdout: /could not be healed[\s\S]*in data of commit/,
  });
});

t.test('gc lets go what a remote has, and asks it', async (t) => {
  const rig = await setUp(t, inBucket);
  await rig.git('checkout', '-q', '--orphan', 'other');
  rig.write('raw', 'wren\n');
  await rig.avian('repro');
  await rig.git('add', '.');
  await rig.git('commit', '-qm', 'other');
  await rig.git('branch', '-D', 'master').catch(() => rig.git('branch', '-D', 'main'));
  const gc = 'gc --older-than 0s';
  const bucket = join(rig.root, 'cache/bucket');
  const going = read((await rig.avian(`${gc} --dry --json`)).stdout);
  t.match(going, { moved: { objects: Number }, held: undefined });
  t.notMatch(going, { moved: { objects: 0 } }, 'it lies in the remote');
  rmSync(bucket, { recursive: true });
  const lost = read((await rig.avian(`${gc} --dry --json`)).stdout);
  t.match(lost, { moved: { objects: 0 }, held: { why: 'no-copy' } });
});

t.test('what transfers cost, and what a pull would bring', async (t) => {
  const rig = await setUp(t, inBucket);
  const cost = read((await rig.avian('cost --json')).stdout);
  t.match(cost, { v: 1, remotes: [{ last: { command: 'avian push' }, all: { transfers: 1 } }] });
  const shown = (await rig.avian('cost')).stdout;
  t.match(shown, /last {2}\d+ A {2}\d+ B {2}0 free {2}sent 1\.9 MiB/);
  t.match(shown, /stored 1\.9 MiB in \d+ objects: \$0\.00 a month/);
  rmSync(join(rig.root, 'cache/v1/objects'), { recursive: true });
  const dry = read((await rig.avian('pull --dry --json')).stdout);
  t.match(dry, { dry: true, objects: 2, missing: [] });
  t.notOk(existsSync(join(rig.root, 'cache/v1/objects')));
  t.match(await rig.avian('pull --dry'), { code: 0, stdout: /^would fetch 2 objects, 1.9 MiB/ });
});

t.test('doctor tries a remote', async (t) => {
  const rig = await setUp(t, inBucket);
  t.match(await rig.avian('doctor --remote'), { code: 0, stdout: /list .*[\s\S]*delete/ });
  const gcs = await startFakeGcs(t, 'others');
  await rig.avian(['remote', 'add', 'gone', 'gs://birds/x', '--endpoint', gcs.endpoint]);
  t.match(await rig.avian('doctor --remote gone'), {
    code: 4,
    stdout:
      /gets none: over plain http[\s\S]*hint: make it: gcloud storage buckets create gs:\/\/birds/,
  });
  t.match(await rig.avian('doctor --remote nope'), { code: 64, stderr: /remote\/unknown/ });
});

const emulator = findEmulator();
t.test(
  'the same at a bucket',
  { skip: emulator === undefined && `needs fake-gcs-server: ${INSTALL}` },
  async (t) => {
    const endpoint = await startEmulator(t, emulator ?? '');
    const rig = await setUp(t, () => 'gs://birds/team', endpoint);
    const first = (await rig.git('rev-parse', 'HEAD')).trim();
    rig.write('raw', 'wren\n');
    await commit(rig, 'second');
    t.match(await rig.avian('doctor --remote'), { code: 0, stdout: /clock/ });
    t.match(await rig.avian(['gc', '--remote', '--drop', first, '--force']), {
      code: 0,
      stdout: /condemned/,
    });
    t.match(await rig.avian('fsck --remote'), { code: 0, stdout: /all sound/ });
    t.match(await rig.avian('cost'), { code: 0, stdout: /list prices/ });
    t.match(await rig.avian('push'), { code: 0, stdout: /^nothing to push/ });
  },
);
