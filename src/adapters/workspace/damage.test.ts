import * as fs from 'node:fs';
import t from 'tap';
import { toRef } from '../../model/artifact.ts';
import type { AttemptId } from '../../model/names.ts';
import { randomFrom, seedOf } from '../../testing/random.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { openBed, path, type DiskBed } from './testing.ts';

// Journals whose bytes are not those that were written: nothing is lost, nothing is moved elsewhere, nothing throws.

const attempt = '20261123T101500Z-7f3a9c' as AttemptId;
const outs = [
  { path: path('model'), persist: false },
  { path: path('log'), persist: true },
];

const diagnostics = (bed: DiskBed): string[] =>
  bed.events.flatMap((event) => (event.type === 'diagnostic' ? [event.diagnostic.code] : []));

/** Texts of all files in the project, the cache included. */
const texts = (bed: DiskBed): string[] =>
  fs
    .readdirSync(bed.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fs.readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'));

for (const [what, damage] of [
  ['torn', (text: string) => text.slice(0, 20)],
  ['empty', () => ''],
  ['zeros', (text: string) => '\0'.repeat(text.length)],
  ['of another shape', () => '{"stage":"train","at":"","outs":{}}'],
  ['null', () => 'null'],
  ['pointing outside', (text: string) => text.replace('"model"', '"../model"')],
  ['without its digest', (text: string) => text.split('\n')[0] ?? ''],
] as const) {
  t.test(`a journal of outs aside that is ${what} loses no out`, async (t) => {
    const bed = openBed(t);
    await bed.write('model', 'the old model');
    await bed.write('log', 'grows');
    await bed.workspace.setAside(attempt, 'train', outs);
    await bed.write('model', 'half');
    const journal = `${bed.cache}/tmp/aside/${attempt}/journal.json`;
    fs.writeFileSync(journal, damage(fs.readFileSync(journal, 'utf8')));
    const next = bed.open();
    t.same(await next.interruptions(), []);
    t.same(await next.recover(), []);
    t.same(diagnostics(bed), ['workspace/journal-damaged']);
    t.ok(texts(bed).includes('the old model'));
    t.equal(await bed.read('log'), 'grows');
    await next.recover();
    t.equal(diagnostics(bed).length, 1, 'told once');
  });
}

t.test('a damaged journal of a restore loses nothing', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/one', 'egg');
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  const folder = `${bed.cache}/tmp/restore/left`;
  for (const journal of [
    '',
    '{"path":',
    '{"path":"../nest"}',
    '[]',
    '{"path":"nest","staging":"/"}',
  ]) {
    fs.mkdirSync(`${folder}/old`, { recursive: true });
    fs.writeFileSync(`${folder}/old/precious`, `never committed ${journal}`);
    fs.writeFileSync(`${folder}/journal.json`, journal);
    await bed.open().recover();
    t.ok(texts(bed).includes(`never committed ${journal}`), journal);
    t.notOk(fs.existsSync(folder));
  }
  t.match(await bed.open().restore(path('nest'), nest), { ok: true });
});

t.test('a project that was moved after a kill gets its outs back', async (t) => {
  const bed = openBed(t);
  await bed.write('model', 'the old model');
  await bed.workspace.setAside(attempt, 'train', outs);
  await bed.write('model', 'half');
  const moved = openBed(t);
  fs.rmSync(moved.root, { recursive: true });
  fs.renameSync(bed.root, moved.root);
  t.match(await moved.workspace.recover(), [{ stage: 'train' }]);
  t.equal(await moved.read('model'), 'the old model');
});

t.test('journals with random bytes flipped never throw, and never lose an out', async (t) => {
  const seed = seedOf(process.env);
  t.comment(`SEED=${seed}`);
  for (let round = 0; round < 60; round++) {
    const random = randomFrom(seed + round);
    const bed = openBed(t);
    await bed.write('model', 'the old model');
    await bed.workspace.setAside(attempt, 'train', outs);
    const journal = `${bed.cache}/tmp/aside/${attempt}/journal.json`;
    const bytes = fs.readFileSync(journal);
    for (let flips = 1 + random.below(3); flips > 0; flips--) {
      bytes.writeUInt8(random.below(256), random.below(bytes.length));
    }
    fs.writeFileSync(journal, bytes);
    await bed.open().recover();
    if (!texts(bed).includes('the old model')) t.fail(`round ${round}`, { text: bytes.toString() });
  }
  t.pass('60 rounds');
});
