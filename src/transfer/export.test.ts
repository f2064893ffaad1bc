import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openExportFolder } from '../adapters/export-folder/export-folder.ts';
import { crc32c } from '../adapters/hash/crc32c.ts';
import { toRef } from '../model/artifact.ts';
import type { RepoPath } from '../model/names.ts';
import type { ExportTarget } from '../ports/export-target.ts';
import { content } from '../testing/contracts/workspace.contract.ts';
import { FakeBucket } from '../testing/fake-bucket.ts';
import { createMachine, SAMPLE, type Machine } from '../testing/transfers.ts';
import { openBucketTarget } from './bucket-target.ts';
import { exportTo, plainTree } from './export.ts';
import { MARKER } from './layout.ts';
import { asResult } from './problems.ts';
import { startProgress } from './progress.ts';
import { openTools } from './tools.ts';

const LATER = { ...SAMPLE, 'a.txt': 'ROBIN\n', 'new.txt': 'new' };

/** A directory with all that can lie in one, in the cache. */
async function scene(t: Test) {
  const machine = await createMachine(t, new FakeBucket());
  const keep = async (files: typeof SAMPLE) => {
    await machine.keep('data', files);
    const folder = join(machine.root, 'data');
    fs.mkdirSync(join(folder, 'none/here'), { recursive: true });
    if (!fs.existsSync(join(folder, 'latest')))
      fs.symlinkSync('deep/er/b.txt', join(folder, 'latest'));
    const ref = toRef(await content(machine.ports.workspace.commit('data' as RepoPath)));
    return { path: 'data', ref };
  };
  const first = await keep(SAMPLE);
  const file = await machine.keep('one.csv', { '': 'a,b\n' });
  return { machine, wants: [first, file], later: [await keep(LATER), file] };
}

const send = (
  { ports }: Machine,
  target: ExportTarget,
  wants: Parameters<typeof plainTree>[0],
  { replace = false, signal = new AbortController().signal } = {},
) => {
  const { objects, clock, emit } = ports;
  const progress = startProgress('push', { clock, emit });
  const how = { objects, progress, jobs: 4, signal, replace };
  return exportTo(target, plainTree(wants, objects), how);
};

const temporary = (t: Test): string => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'avian-export-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const openTarget = (t: Test, { remote, ports }: Machine, bucket: FakeBucket) => {
  const { signal } = new AbortController();
  const tools = openTools('push', { ...remote, bucket }, ports, { jobs: 4, signal });
  t.teardown(() => tools.progress.stop());
  return openBucketTarget(['data', 'one.csv'], tools, crc32c);
};

const COUNT = Object.keys(SAMPLE).length + 1;

t.test('a folder gets what a checkout would put there, and nothing else', async (t) => {
  const { machine, wants, later } = await scene(t);
  const folder = join(temporary(t), 'not/there/yet');
  const target = openExportFolder(folder);
  t.match(await send(machine, target, wants), {
    ok: true,
    value: { files: COUNT, same: 0, differing: [], leftOut: [] },
  });
  for (const [name, bytes] of Object.entries(SAMPLE)) {
    t.ok(fs.readFileSync(join(folder, 'data', name)).equals(Buffer.from(bytes)), name);
  }
  t.equal(fs.readFileSync(join(folder, 'one.csv'), 'utf8'), 'a,b\n');
  t.equal(fs.readlinkSync(join(folder, 'data/latest')), 'deep/er/b.txt');
  t.same(fs.readdirSync(join(folder, 'data/none/here')), []);
  t.ok(fs.statSync(join(folder, 'data/run.sh')).mode & 0o100);
  t.notOk(fs.statSync(join(folder, 'data/a.txt')).mode & 0o100);
  t.ok(fs.statSync(join(folder, 'data/a.txt')).mode & 0o200, 'a copy that may be changed');
  t.match(await send(machine, target, wants), { value: { files: 0, bytes: 0, same: COUNT + 1 } });

  t.match(await send(machine, target, later), {
    value: { files: 1, differing: ['data/a.txt'] },
  });
  t.equal(fs.readFileSync(join(folder, 'data/a.txt'), 'utf8'), 'robin\n', 'it stays');
  t.equal(fs.readFileSync(join(folder, 'data/new.txt'), 'utf8'), 'new', 'the rest came');
  t.match(await send(machine, target, later, { replace: true }), {
    value: { files: 1, differing: [] },
  });
  t.equal(fs.readFileSync(join(folder, 'data/a.txt'), 'utf8'), 'ROBIN\n');
  const names = fs.readdirSync(folder, { recursive: true }) as string[];
  t.notOk(names.some((name) => name.includes('partial')));
});

t.test('what is in the way in a folder', async (t) => {
  const { machine, wants } = await scene(t);
  const folder = temporary(t);
  const elsewhere = join(temporary(t), 'precious');
  fs.writeFileSync(elsewhere, 'precious');
  fs.mkdirSync(join(folder, 'one.csv/full'), { recursive: true });
  fs.mkdirSync(join(folder, 'data'));
  fs.symlinkSync(elsewhere, join(folder, 'data/a.txt'));
  fs.writeFileSync(join(folder, 'data/latest'), 'no link');
  const target = openExportFolder(folder);
  const differing = ['data/a.txt', 'data/latest', 'one.csv'];
  t.match(await send(machine, target, wants), { value: { differing } });
  t.match(await send(machine, target, wants, { replace: true }), {
    value: { differing: ['one.csv'] },
  });
  t.equal(fs.readFileSync(elsewhere, 'utf8'), 'precious', 'a link is replaced, not followed');
  t.ok(fs.existsSync(join(folder, 'one.csv/full')), 'no directory ever goes');
  fs.rmSync(join(folder, 'data'), { recursive: true });
  fs.writeFileSync(join(folder, 'data'), 'a file where a directory belongs');
  t.match(await send(machine, target, wants), {
    error: { kind: 'stage', diagnostics: [{ code: 'export/unwritable' }] },
  });
  if (process.platform !== 'linux') return;
  t.match(await send(machine, openExportFolder('/proc/nowhere'), wants), {
    error: { kind: 'stage', diagnostics: [{ code: 'export/unwritable' }] },
  });
});

t.test('bytes that went bad in the cache are not handed out', async (t) => {
  const { machine, wants } = await scene(t);
  const [, file] = wants;
  const hex = file?.ref.digest.slice(3) ?? '';
  const object = join(machine.root, 'cache/v1/objects', hex.slice(0, 2), hex.slice(2));
  fs.chmodSync(object, 0o644);
  fs.writeFileSync(object, 'x,y\n');
  const folder = temporary(t);
  t.match(await send(machine, openExportFolder(folder), wants.slice(1)), {
    error: {
      kind: 'corruption',
      diagnostics: [{ code: 'cache/wrong-bytes', message: /one\.csv/ }],
    },
  });
  t.same(fs.readdirSync(folder), []);
});

t.test('interrupted, and gone on with', async (t) => {
  const { machine, wants } = await scene(t);
  const folder = temporary(t);
  const stopped = new AbortController();
  const target = openExportFolder(folder);
  let files = 0;
  const slow: ExportTarget = {
    ...target,
    file: (...words) => {
      if (++files === 10) stopped.abort();
      return target.file(...words);
    },
  };
  t.match(await send(machine, slow, wants, stopped), {
    error: { diagnostics: [{ code: 'export/interrupted' }] },
  });
  const done = await send(machine, target, wants);
  t.ok(done.ok && done.value.same > 0 && done.value.same + done.value.files === COUNT);
});

t.test('a bucket gets files by their names, and each once', async (t) => {
  const { machine, wants, later } = await scene(t);
  const bucket = new FakeBucket();
  const open = () => openTarget(t, machine, bucket);
  const leftOut = ['data/latest', 'data/none/here'];
  t.match(await send(machine, await open(), wants), { value: { files: COUNT, same: 0, leftOut } });
  for (const [name, bytes] of Object.entries(SAMPLE)) {
    t.ok(Buffer.from(bytes).equals(bucket.objects.get(`data/${name}`) ?? Buffer.from('?')), name);
  }
  bucket.calls.length = 0;
  t.match(await send(machine, await open(), wants), { value: { files: 0, same: COUNT } });
  t.same(bucket.calls, [`list ${MARKER}`, 'list data', 'list one.csv'], 'nothing is sent again');

  t.match(await send(machine, await open(), later), {
    value: { files: 1, differing: ['data/a.txt'] },
  });
  t.match(await send(machine, await open(), later, { replace: true }), {
    value: { files: 1, differing: [] },
  });
  t.same(bucket.objects.get('data/a.txt'), Buffer.from('ROBIN\n'));
  bucket.objects.set(MARKER, Buffer.from('{}'));
  t.match(await asResult(open), { error: { diagnostics: [{ code: 'export/is-remote' }] } });
});

t.test('an answer that was lost is no conflict', async (t) => {
  const { machine, wants } = await scene(t);
  const bucket = new FakeBucket();
  const target = await openTarget(t, machine, bucket);
  bucket.objects.set('one.csv', Buffer.from('a,b\n'));
  t.match(await send(machine, target, wants.slice(1)), { value: { files: 1, differing: [] } });
  bucket.objects.set('one.csv', Buffer.from('c,d\n'));
  t.match(await send(machine, target, wants.slice(1)), { value: { differing: ['one.csv'] } });
});
