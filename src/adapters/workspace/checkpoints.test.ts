import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { checkpointDirectory, clearCheckpoint } from './checkpoints.ts';
import { openDisk } from './disk.ts';
import { layoutOf } from './layout.ts';

void t.test(
  'a stage named after a path has its checkpoint inside the cache all the same',
  async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'avian-'));
    t.teardown(() => rmSync(root, { recursive: true }));
    const cache = join(root, 'cache/v1');
    mkdirSync(join(cache, 'checkpoints'), { recursive: true });
    const tools = { layout: layoutOf(root, cache), disk: openDisk() };
    const stages = ['train', 'train@a', 'train@a/../../../../up', `train@${'long'.repeat(200)}`];
    const folders = stages.map((stage) => checkpointDirectory(tools, stage, 'key'));
    t.equal(new Set(folders).size, stages.length);
    for (const [i, folder] of folders.entries()) {
      t.ok(join(folder).startsWith(join(cache, 'checkpoints/')), stages[i] ?? '');
      t.ok(existsSync(folder));
    }
    for (const stage of stages) clearCheckpoint(tools, stage);
    t.notOk(folders.some(existsSync));
  },
);
