import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { toRef } from '../../model/artifact.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { randomFrom, seedOf } from '../../testing/random.ts';
import { openBed, path, picture } from './testing.ts';

const NAMES = [
  'robin.jpg', 'a b', 'ä', 'ä', '🐦', '..a', '...', '-rf', '\n', '"', '\\', "'", '\u2028',
  '\uFFFD', '.hidden', '%00', 'con', 'a'.repeat(255), '__proto__', 'constructor', '10', '9',
]; // prettier-ignore

/** Fills a folder with files, empty files, executables, links and empty folders of odd names. */
function fill(folder: string, random: (below: number) => number, depth: number): void {
  fs.mkdirSync(folder);
  const count = random(7);
  for (let index = 0; index < count; index++) {
    const name = NAMES[random(NAMES.length)] ?? 'x';
    const own = join(folder, name);
    if (fs.lstatSync(own, { throwIfNoEntry: false }) !== undefined) continue;
    const kind = random(10);
    if (kind < 3 && depth < 5) fill(own, random, depth + 1);
    else if (kind < 4) {
      const climbs = '../'.repeat(random(depth + 1));
      fs.symlinkSync(`${climbs}${NAMES[random(8)] ?? 'x'}`, own);
    } else {
      const bytes = Buffer.alloc([0, 1, 100, 70_000, 1_048_576, 1_048_577][random(6)] ?? 0);
      for (let at = 0; at < bytes.length; at += 997) bytes[at] = random(256);
      fs.writeFileSync(own, bytes, { mode: random(3) === 0 ? 0o755 : 0o644 });
    }
  }
}

t.test('any directory comes back as it was', async (t) => {
  const seed = seedOf(process.env);
  t.comment(`seed ${seed}`);
  const { below: random } = randomFrom(seed);
  const bed = openBed(t);
  for (let round = 0; round < 25; round++) {
    const out = `${bed.root}/out`;
    fill(out, random, 0);
    const before = picture(out);
    const artifact = await content(bed.workspace.commit(path('out')));
    t.same(await content((await bed.reopen()).digest(path('out'))), artifact);
    fs.rmSync(out, { recursive: true });
    const restored = await (await bed.reopen()).restore(path('out'), toRef(artifact));
    t.match(restored, { ok: true }, `round ${round} of seed ${seed}`);
    t.same(picture(out), before, `round ${round} of seed ${seed}`);
    t.same(await content((await bed.reopen()).digest(path('out'))), artifact);
    fs.rmSync(out, { recursive: true });
  }
});

t.test('many files go through worker threads and come to the same', async (t) => {
  const bed = openBed(t);
  for (let index = 0; index < 2500; index++)
    await bed.write(`nest/${index % 7}/${index}`, `${index}`);
  fs.writeFileSync(`${bed.root}/nest/large`, Buffer.alloc(3_000_000, 'egg'));
  const alone = await content(
    bed.open({ workerProgram: new URL('file:///gone.ts') }).digest(path('nest/3')),
  );
  const nest = await content(bed.workspace.commit(path('nest')));
  t.match(nest, { kind: 'tree', files: 2501 });
  t.same(await content(bed.workspace.digest(path('nest/3'))), alone);
  t.ok(await bed.workspace.holds(toRef(nest)));
  t.match(await bed.workspace.restore(path('copy'), toRef(nest)), { ok: true });
  t.same(picture(`${bed.root}/copy`), picture(`${bed.root}/nest`));
  t.equal(
    fs.statSync(`${bed.root}/copy/large`).mode & 0o200,
    0o200,
    'restored files can be edited',
  );
  // A problem in a worker comes back as one from here does.
  const object = fs.readdirSync(`${bed.cache}/objects`)[0] ?? '';
  fs.rmSync(`${bed.cache}/objects/${object}`, { recursive: true });
  t.match(await (await bed.reopen()).restore(path('third'), toRef(nest)), { ok: false });
  t.notOk(fs.existsSync(`${bed.root}/third`));
});

t.test('long work tells how far it is, not too often', async (t) => {
  const bed = openBed(t);
  for (let index = 0; index < 40; index++) await bed.write(`nest/${index}`, `egg ${index}`);
  // Every write takes a while, as on a slow disk.
  const slow = bed.open({
    step(operation) {
      if (operation === 'create') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    },
  });
  for (let index = 0; index < 3; index++) {
    fs.cpSync(`${bed.root}/nest`, `${bed.root}/all/${index}`, { recursive: true });
    for (let file = 0; file < 40; file++)
      fs.appendFileSync(`${bed.root}/all/${index}/${file}`, `${index}`);
  }
  const start = performance.now();
  const all = await content(slow.commit(path('all')));
  const seconds = (performance.now() - start) / 1000;
  const told = bed.events.filter(({ type }) => type === 'progress');
  t.match(told[0], { type: 'progress', phase: 'committing', path: 'all' });
  t.ok(told.length <= seconds * 2 + 1, `${told.length} events in ${seconds.toFixed(1)} s`);
  t.match(all, { files: 120 });
});

t.test('a full disk is told as such, and nothing is half done', async (t) => {
  const mount = fs.mkdtempSync(join(tmpdir(), 'avian-full-'));
  const mounted = mountSmall(mount);
  t.teardown(() => {
    if (mounted) execFileSync('umount', [mount]);
    fs.rmSync(mount, { recursive: true, force: true });
  });
  if (!mounted) {
    t.comment('skipped: mounting a small tmpfs needs root');
    return;
  }
  const bed = openBed(t, { in: mount });
  await bed.write('small', 'robin');
  const small = toRef(await content(bed.workspace.commit(path('small'))));
  fs.writeFileSync(`${bed.root}/large`, Buffer.alloc(5 * 1024 * 1024, 1));
  t.match(await bed.workspace.commit(path('large')), {
    ok: false,
    error: { kind: 'no-space', path: 'large', needed: 5 * 1024 * 1024 },
  });
  t.same(fs.readdirSync(`${bed.cache}/tmp/objects`), []);
  t.equal(fs.statSync(`${bed.root}/large`).size, 5 * 1024 * 1024, 'the original stays');

  fs.truncateSync(`${bed.root}/large`, 2 * 1024 * 1024);
  const large = toRef(await content(bed.workspace.commit(path('large'))));
  fs.writeFileSync(`${bed.root}/filler`, Buffer.alloc(3 * 1024 * 1024, 2));
  await bed.write('target', 'precious');
  t.match(await bed.workspace.restore(path('target'), large), {
    ok: false,
    error: { kind: 'no-space' },
  });
  t.equal(await bed.read('target'), 'precious');
  t.same(fs.readdirSync(`${bed.cache}/tmp/restore`), []);

  const outs = [
    { path: path('small'), persist: false },
    { path: path('large'), persist: true },
  ];
  const aside = await bed.workspace.setAside('20261123T101500Z-7f3a9c' as never, 'train', outs);
  t.match(aside, { ok: false, error: { kind: 'no-space' } });
  t.equal(await bed.read('small'), 'robin', 'what was moved already is back');
  t.same(await bed.workspace.interruptions(), []);

  fs.rmSync(`${bed.root}/filler`);
  t.match(await bed.workspace.restore(path('target'), large), { ok: true });
  t.ok(await bed.workspace.holds(small));
});

t.test('outs on another volume than the cache come and go all the same', async (t) => {
  const bed = openBed(t);
  const volume = `${bed.root}/volume`;
  fs.mkdirSync(volume);
  if (!mountSmall(volume)) {
    t.comment('skipped: mounting a small tmpfs needs root');
    return;
  }
  t.teardown(() => void execFileSync('umount', [volume]));
  await bed.write('volume/nest/egg', 'robin');
  const nest = toRef(await content(bed.workspace.commit(path('volume/nest'))));
  const attempt = '20261123T101500Z-7f3a9c' as never;
  const outs = [{ path: path('volume/nest'), persist: false }];
  t.match(await bed.workspace.setAside(attempt, 'train', outs), { ok: true });
  await bed.write('volume/nest/half', 'partial');
  t.match(await bed.workspace.putBack(attempt), /failed/);
  t.equal(await bed.read('volume/nest/egg'), 'robin');
  await bed.write('volume/nest/egg', 'precious');
  const restored = await bed.workspace.restore(path('volume/nest'), nest);
  t.match(restored, { ok: true, value: { kept: String } });
  t.equal(await bed.read('volume/nest/egg'), 'robin');
  t.same(fs.readdirSync(volume), ['nest'], 'nothing is left beside it');
});

function mountSmall(at: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
