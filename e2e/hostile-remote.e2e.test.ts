import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hashText } from '../src/adapters/hash/blake3.ts';
import { canonicalJson } from '../src/model/json.ts';
import type { RunRecord } from '../src/model/run.ts';
import { plant, plantDirectory, treeOf } from '../src/testing/hostile-remotes.ts';
import { createRig, type Rig } from './rig.ts';

const pipelineFor = (bucket: string): string => `stages:
  copy:
    cmd: cat raw > out && echo ran >> log
    deps: [raw]
    outs: [out]
remotes:
  lab: { url: "file://${bucket}" }
`;

/** A clone of somebody's project in a folder of its own, so that whatever leaves it is seen. */
function cloneIn(rig: Rig, lock: unknown): { readonly words: (...words: string[]) => string[] } {
  mkdirSync(join(rig.root, 'clone'));
  rig.write('clone/pipeline.yaml', pipelineFor(join(rig.root, 'bucket')));
  rig.write('clone/raw', 'robin\n');
  rig.write('clone/pipeline.lock', `${JSON.stringify(lock)}\n`);
  return { words: (...words) => ['-C', 'clone', ...words] };
}

t.test(
  'trees that would write elsewhere: status 5, in words, and nothing is written',
  async (t) => {
    const file = hashText('x');
    for (const row of [
      ['f', '../../outside', file, 1],
      ['f', '/tmp/avian-outside', file, 1],
      ['l', 'link', '../../outside'],
      ['l', 'link', '/etc/passwd'],
      ['f', '\u001b[2Jrobin/..', file, 1],
    ]) {
      const rig = createRig(t);
      const tree = treeOf([row]);
      plantDirectory(plant(['x', tree]), join(rig.root, 'bucket'));
      const ref = { digest: `b3:${hashText(tree)}`, size: 1, files: 1 };
      const { words } = cloneIn(rig, { version: 1, sources: { data: ref }, stages: {} });
      const pulled = await rig.avian(words('pull'));
      t.match(pulled, { code: 5, stderr: /error\[remote\/unsafe-tree\]/ }, pulled.stderr);
      t.notMatch(pulled.stderr, /^\s+at |\u001b/m);
      t.same(readdirSync(rig.root).sort(), ['bucket', 'clone']);
      t.same(readdirSync(join(rig.root, 'clone')).sort(), [
        ...['cache', 'pipeline.lock', 'pipeline.yaml', 'raw'],
      ]);
      t.notOk(existsSync('/tmp/avian-outside'));
    }
  },
);

t.test('a run record is read and never obeyed', async (t) => {
  const rig = createRig(t);
  rig.write('ana/pipeline.yaml', pipelineFor(join(rig.root, 'honest')));
  rig.write('ana/raw', 'robin\n');
  t.match(await rig.avian('-C ana repro'), { code: 0 });
  const runs = join(rig.root, 'ana/cache/v1/runs');
  const [first = ''] = readdirSync(runs, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.json'));
  const run = JSON.parse(readFileSync(join(runs, first), 'utf8')) as RunRecord;
  const evil = canonicalJson({
    ...run,
    input: { ...run.input, cmd: ['touch PWNED; $(touch PWNED) `touch PWNED`'] },
    outs: {
      ...run.outs,
      '.git/hooks/post-checkout': {
        digest: `b3:${hashText('#!/bin/sh\ntouch PWNED\n')}`,
        size: 22,
        executable: true,
      },
    },
    startedAt: '2099-01-01T00:00:00.000Z',
  });
  plantDirectory(
    plant([evil, '#!/bin/sh\ntouch PWNED\n', 'robin\n'], undefined, [hashText(evil)]),
    join(rig.root, 'bucket'),
  );
  const { words } = cloneIn(rig, { version: 1, sources: {}, stages: {} });
  await rig.git('-C', 'clone', 'init', '-q');
  const pulled = await rig.avian(words('pull', '--json'));
  t.match(JSON.parse(pulled.stdout), { runs: 1 }, pulled.stderr);
  for (const verb of ['why copy', 'repro', 'lineage out', 'checkout', 'logs copy', 'repro -f']) {
    const ended = await rig.avian(words(...verb.split(' ')));
    t.notMatch(ended.stderr, /avian\/bug|^\s+at /m, verb);
  }
  t.equal(readFileSync(join(rig.root, 'clone/out'), 'utf8'), 'robin\n');
  t.notOk(existsSync(join(rig.root, 'clone/PWNED')));
  t.notOk(existsSync(join(rig.root, 'clone/.git/hooks/post-checkout')));
  t.notMatch(readFileSync(join(rig.root, 'clone/pipeline.lock'), 'utf8'), /hooks/);
});
