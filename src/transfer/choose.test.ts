import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { RepoPath, StageName } from '../model/names.ts';
import { toRef } from '../model/artifact.ts';
import { content } from '../testing/contracts/workspace.contract.ts';
import { FakeBucket } from '../testing/fake-bucket.ts';
import { createMachine, type Machine } from '../testing/transfers.ts';
import { chooseInside, type Tracked } from './choose.ts';
import { fetch } from './fetch.ts';

const FILES = {
  ...Object.fromEntries(
    // More than one node holds.
    Array.from({ length: 4200 }, (_, index) => [`many/${index}`, String(index % 7)]),
  ),
  'deep/er/a.txt': 'a',
  'deep/er/b.csv': 'b',
  'deep/run.sh': '#!/bin/sh\n',
};

/** Two machines and a remote that has a directory with a link in it, and a file of a group's stage. */
async function scene(t: Parameters<typeof createMachine>[0]) {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  await ana.keep('data', FILES);
  symlinkSync('er/a.txt', join(ana.root, 'data/deep/latest'));
  const data = toRef(await content(ana.ports.workspace.commit('data' as RepoPath)));
  const model = await ana.keep('model', { '': 'model' });
  const tracked: readonly Tracked[] = [
    { path: 'data' as RepoPath, ref: data },
    { path: 'model' as RepoPath, ref: model.ref, stage: 'train@small' as StageName },
  ];
  await ana.push(tracked);
  return { bucket, tracked, ben: await createMachine(t, bucket) };
}

const pull = (
  { remote, ports }: Machine,
  tracked: readonly Tracked[],
  targets: readonly string[],
  allowMissing = false,
) =>
  fetch(
    (nodes, url) => chooseInside(tracked, { targets, allowMissing }, nodes, url),
    remote,
    ports,
    { jobs: 4, signal: new AbortController().signal },
  );

t.test('a part of a directory comes alone, wherever it lies', async (t) => {
  const { bucket, tracked, ben } = await scene(t);
  for (const [targets, paths, objects] of [
    [['data/deep/er/a.txt'], ['data/deep/er/a.txt'], 1],
    [['data/deep/run.sh', 'train'], ['data/deep/run.sh', 'model'], 2],
    [['data/many/4199'], ['data/many/4199'], 1],
    [['data/*.csv'], ['data/deep/er/b.csv'], 1],
    [['./data/deep/'], ['data/deep'], 0],
    [['train@small'], ['model'], 0],
    [['data/many/12?'], Array.from({ length: 10 }, (_, index) => `data/many/12${index}`), 6],
  ] as const) {
    bucket.calls.length = 0;
    const done = await pull(ben, tracked, targets);
    t.match(done, { ok: true, value: { missing: [], objects } }, targets.join(' '));
    t.same(done.ok && done.value.wants.map(({ path }) => path), paths);
    t.ok(bucket.calls.length < 30, `${bucket.calls.length} requests`);
  }
  const sh = await pull(ben, tracked, ['data/deep/run.sh']);
  t.match(sh, { value: { wants: [{ ref: { executable: true } }] } });
});

t.test('what cannot be meant is said', async (t) => {
  const { tracked, ben } = await scene(t);
  for (const [target, code] of [
    ['data/none', 'remote/unknown-target'],
    ['data/deep/er/a.txt/x', 'remote/unknown-target'],
    ['data/deep/latest', 'remote/is-link'],
    ['data/deep/latest/x', 'remote/unknown-target'],
    ['nest', 'remote/unknown-target'],
    ['nest/*', 'remote/unknown-target'],
    ['/data', 'remote/unknown-target'],
    ['../data', 'remote/unknown-target'],
  ] as const) {
    t.match(await pull(ben, tracked, [target]), { error: { diagnostics: [{ code }] } }, target);
  }
});

t.test('a folder that is pulled alone may not have links out of itself', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  await ana.keep('data', { 'many/1': 'one', 'deep/er/a.txt': 'a', 'flat/b.txt': 'b' });
  symlinkSync('../../many/1', join(ana.root, 'data/deep/er/up'));
  const data = toRef(await content(ana.ports.workspace.commit('data' as RepoPath)));
  const tracked: readonly Tracked[] = [{ path: 'data' as RepoPath, ref: data }];
  await ana.push(tracked);
  const ben = await createMachine(t, bucket);
  const climbs = { error: { diagnostics: [{ code: 'remote/unsafe-tree', message: /up/ }] } };
  for (const target of ['data/deep', 'data/deep/er']) {
    t.match(await pull(ben, tracked, [target]), climbs, target);
  }
  t.match(await pull(ben, tracked, ['data/flat']), { ok: true });
  t.match(await pull(ben, tracked, []), { ok: true, value: { missing: [] } }, 'all of it is whole');
  for (const target of ['data/deep', 'data/deep/er']) {
    t.match(await pull(ben, tracked, [target]), climbs, `${target}, from the cache`);
  }
  t.notOk(existsSync(join(ben.root, 'data')));
});

t.test('a directory that nobody has is told, or allowed to be missing', async (t) => {
  const { tracked } = await scene(t);
  const ben = await createMachine(t, new FakeBucket());
  for (const target of ['data/deep/run.sh', 'data/*.csv']) {
    t.match(await pull(ben, tracked, [target]), {
      error: { kind: 'remote', diagnostics: [{ code: 'remote/not-there', message: /data/ }] },
    });
    t.match(await pull(ben, tracked, [target], true), { ok: true, value: { missing: ['data'] } });
  }
  t.match(await pull(ben, tracked, []), { ok: true, value: { missing: ['data', 'model'] } });
});
