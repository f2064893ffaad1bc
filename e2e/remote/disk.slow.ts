import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createBed, needsEmulator } from './bed.ts';
import { faultsOfCache, isAllOrNothing, pictureOf } from './state.ts';

/*
 * A pull onto a disk that gets full: at once, among the small files, in the large one, while the workspace is written.
 * The disk is a small tmpfs, which needs root.
 */

/** Of the 25 MB that a pull brings into the cache, and once more into the workspace. */
const SIZES_MB = [1, 6, 13, 20, 24, 27, 35, 45, 47];

const needsRoot =
  process.getuid?.() === 0 && process.platform === 'linux' ? {} : { skip: 'needs root on Linux' };

t.setTimeout(0);
t.test('pull onto a full disk', { ...needsRoot, ...needsEmulator, timeout: 0 }, async (t) => {
  const bed = await createBed(t);
  const ana = await bed.whole('full');
  t.match(await ana.avian('push'), { code: 0 });
  const right = pictureOf(ana);
  const disk = join(bed.folder, 'disk');
  fs.mkdirSync(disk);
  for (const size of SIZES_MB) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', disk]);
    try {
      const ben = await bed.bare('ben', 'full', join(disk, 'ben'));
      const pulled = await ben.avian('pull');
      t.equal(pulled.code, 1, `${size} MB: ${pulled.stderr.split('\n').slice(-4).join(' | ')}`);
      t.match(pulled.stderr, /no-space|no space left|disk is full/i, `${size} MB`);
      t.notMatch(pulled.stderr, /^\s+at |avian\/bug/m, `${size} MB: in words`);
      t.ok(isAllOrNothing(pictureOf(ben), right), `${size} MB: nothing half in the workspace`);
      execFileSync('mount', ['-o', 'remount,size=200m', disk]);
      const again = await ben.avian('pull');
      t.equal(
        again.code,
        0,
        `${size} MB, with room: ${again.stderr.split('\n').slice(-4).join(' | ')}`,
      );
      t.same(pictureOf(ben), right, `${size} MB: right bytes`);
      t.same(faultsOfCache(ben), [], `${size} MB: right cache`);
    } finally {
      execFileSync('umount', [disk]);
    }
  }
});
