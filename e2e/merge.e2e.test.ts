import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { Test } from 'tap';
import { createRig, type Rig } from './rig.ts';

const JOINING = {
  'pipeline.yaml': `stages:
  left:
    cmd: echo left >> ran.log && cat left.txt > left.out
    deps: [left.txt]
    outs: [left.out]
  right:
    cmd: echo right >> ran.log && cat right.txt > right.out
    deps: [right.txt]
    outs: [right.out]
  join:
    cmd: echo join >> ran.log && cat left.out right.out > join.out
    deps: [left.out, right.out]
    outs: [join.out]
`,
  'left.txt': '1\n2\n3\n4\n5\n6\n7\n8\n9\n',
  'right.txt': 'right\n',
  '.gitignore': '/*.out\n/ran.log\n',
};

/** Two branches of one project, each of which changed a file and brought its lock up to date. */
async function branches(
  t: Test,
  changes: { readonly ours: readonly [string, string]; readonly theirs: readonly [string, string] },
  { driver = true } = {},
): Promise<Rig> {
  const rig = createRig(t, JOINING);
  await rig.git('init', '-q', '-b', 'main');
  if (driver) t.equal((await rig.avian('init')).code, 0);
  else rig.write('.gitignore', `${JOINING['.gitignore']}/cache/\n`);
  const settle = async ([file, text]: readonly [string, string]): Promise<void> => {
    rig.write(file, text);
    const repro = await rig.avian('repro');
    t.equal(repro.code, 0, repro.stderr);
    await rig.git('add', '-A');
    await rig.git('commit', '-qm', file);
  };
  await settle(['right.txt', JOINING['right.txt']]);
  await rig.git('checkout', '-q', '-b', 'theirs');
  await settle(changes.theirs);
  await rig.git('checkout', '-q', 'main');
  await settle(changes.ours);
  rmSync(join(rig.root, 'ran.log'));
  return rig;
}

const merge = (rig: Rig): Promise<string> => rig.git('merge', '-q', '--no-edit', 'theirs');

interface Status {
  readonly stages: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly reasons: readonly { readonly kind: string }[];
  }[];
}

async function verdicts(rig: Rig): Promise<{ readonly [name: string]: string }> {
  const { stages } = JSON.parse((await rig.avian('status --json')).stdout) as Status;
  return Object.fromEntries(stages.map(({ name, verdict }) => [name, verdict]));
}

t.test('branches that changed different stages merge, and only what joins them runs', async (t) => {
  const rig = await branches(t, { ours: ['left.txt', 'L\n'], theirs: ['right.txt', 'R\n'] });
  await merge(rig);
  t.equal((await rig.git('status', '--porcelain')).trim(), '', 'nothing is left to resolve');
  t.same(await verdicts(rig), { left: 'up-to-date', right: 'restorable', join: 'stale' });
  const status = await rig.avian('status');
  t.match(status.stdout, /join +! stale +two branches changed it: run it again/);
  const repro = await rig.avian('repro');
  t.equal(repro.code, 0, repro.stderr);
  t.equal(rig.read('ran.log'), 'join\n');
  t.equal(rig.read('join.out'), 'L\nR\n');
  t.equal((await rig.avian('status --exit-code')).code, 0);
});

t.test('branches that changed the same stage end as stale, with both entries kept', async (t) => {
  const lines = JOINING['left.txt'];
  const rig = await branches(t, {
    ours: ['left.txt', lines.replace('1\n', 'one\n')],
    theirs: ['left.txt', lines.replace('9\n', 'nine\n')],
  });
  const [ours, theirs] = [
    rig.read('pipeline.lock'),
    await rig.git('show', 'theirs:pipeline.lock'),
  ].map((text) => (JSON.parse(text) as { stages: { left: object } }).stages.left);
  await merge(rig);
  const merged = JSON.parse(rig.read('pipeline.lock')) as { stages: object };
  t.match(merged.stages, { left: { ...ours, conflict: [theirs] } });
  t.match(await verdicts(rig), { left: 'stale', right: 'up-to-date' });
  const why = await rig.avian('why left');
  t.match(why.stdout, /is stale: two branches changed it: run it again/);
  t.equal((await rig.avian('repro')).code, 0);
  t.equal(rig.read('ran.log'), 'left\njoin\n');
  t.equal(rig.read('left.out'), lines.replace('1\n', 'one\n').replace('9\n', 'nine\n'));
  t.notMatch(rig.read('pipeline.lock'), /conflict/);
  t.equal((await rig.avian('status --exit-code')).code, 0);
});

t.test('a side is chosen without a run: checkout --theirs', async (t) => {
  const rig = await branches(t, { ours: ['left.txt', 'L\n'], theirs: ['left.txt', 'M\n'] });
  await t.rejects(merge(rig), 'left.txt itself is in conflict');
  await rig.git('checkout', '--theirs', 'left.txt');
  await rig.git('commit', '-qam', 'merged');
  t.equal((await verdicts(rig))['left'], 'stale', 'even though its inputs are theirs now');
  const chosen = await rig.avian('checkout --theirs');
  t.equal(chosen.code, 0, chosen.stderr);
  t.equal(rig.read('join.out'), 'M\nright\n');
  t.equal((await rig.avian('status --exit-code')).code, 0);
  t.match((await rig.avian('checkout --theirs')).stderr, /checkout\/no-conflict/);
});

t.test(
  'a clone without the driver: git leaves markers, avian merge-lock merges them',
  async (t) => {
    const rig = await branches(
      t,
      { ours: ['left.txt', 'L\n'], theirs: ['right.txt', 'R\n'] },
      { driver: false },
    );
    await t.rejects(merge(rig), 'both sides have another entry for join');
    const told = await rig.avian('status');
    t.equal(told.code, 2);
    t.match(told.stderr, /lock\/conflict/);
    t.match(told.stderr, /avian merge-lock/);
    const merged = await rig.avian('merge-lock');
    t.equal(merged.code, 0, merged.stderr);
    t.match(merged.stdout, /join: stale until `avian repro` has run it/);
    t.equal(await rig.git('diff', '--name-only', '--diff-filter=U'), '', 'git is told');
    t.same(await verdicts(rig), { left: 'up-to-date', right: 'restorable', join: 'stale' });
    t.equal((await rig.avian('repro')).code, 0);
    t.equal(rig.read('ran.log'), 'join\n');
    t.match((await rig.avian('merge-lock')).stdout, /no conflict/);

    t.match(
      (await rig.avian('doctor')).stdout,
      /warning +merges +git merges pipeline.lock as text/,
    );
    await rig.avian('init');
    t.match((await rig.avian('doctor')).stdout, /ok +merges +git merges pipeline.lock by stage/);
  },
);

t.test('markers alone are enough; a merge made by hand is not overwritten', async (t) => {
  const rig = await branches(
    t,
    { ours: ['left.txt', 'L\n'], theirs: ['right.txt', 'R\n'] },
    { driver: false },
  );
  await t.rejects(merge(rig));
  const marked = rig.read('pipeline.lock');
  const ours = await rig.git('show', 'HEAD:pipeline.lock');
  const byHand = ours.replace(/f1:[0-9a-f]{64}/, `f1:${'0'.repeat(64)}`);
  rig.write('pipeline.lock', byHand);
  const refused = await rig.avian('merge-lock');
  t.equal(refused.code, 64);
  t.match(refused.stderr, /lock\/hand-merged/);
  t.equal(rig.read('pipeline.lock'), byHand);

  rig.write('pipeline.lock', marked);
  await rig.git('commit', '-qam', 'markers and all');
  t.equal((await rig.avian('merge-lock')).code, 0);
  t.equal((await verdicts(rig))['join'], 'stale');
});

t.test('the driver as git calls it, where avian is on no PATH', async (t) => {
  const rig = await branches(t, { ours: ['left.txt', 'L\n'], theirs: ['right.txt', 'R\n'] });
  const driver = (await rig.git('config', 'merge.avian-lock.driver')).trim();
  rig.write('o', '');
  rig.write('a', await rig.git('show', 'main:pipeline.lock'));
  rig.write('b', await rig.git('show', 'theirs:pipeline.lock'));
  const command = driver.replace('%O', 'o').replace('%A', 'a').replace('%B', 'b');
  const env = { PATH: `/usr/bin:/bin`, AVIAN_NODE: process.execPath };
  const { stderr } = await promisify(execFile)('/bin/sh', ['-c', command], {
    cwd: rig.root,
    env,
  });
  t.match(stderr, /both sides/);
  t.match(JSON.parse(rig.read('a')), { stages: { join: { conflict: [{}] } } });
  rig.write('b', '{"version": 9}');
  await t.rejects(promisify(execFile)('/bin/sh', ['-c', command], { cwd: rig.root, env }), {
    code: 2,
    stderr: /lock\/side-unreadable/,
  });
});
