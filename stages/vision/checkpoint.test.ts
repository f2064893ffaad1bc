import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from './checkpoint.ts';

const checkpoint = {
  key: 'k1',
  progress: { epoch: 3, note: 'ä' },
  tensors: {
    weights: [Float32Array.of(1, -2.5), Float32Array.of()],
    moments: [Float32Array.of(NaN)],
  },
};

t.test('comes back as it was', async (t) => {
  const dir = join(t.testdir(), 'new');
  t.equal(await readCheckpoint(dir, 'k1'), undefined, 'nothing yet');
  await writeCheckpoint(dir, checkpoint);
  t.same(await readCheckpoint(dir, 'k1'), checkpoint);
  await removeCheckpoint(dir);
  t.equal(await readCheckpoint(dir, 'k1'), undefined);
});

t.test('of another training, cut short or flipped: as if there were none', async (t) => {
  const dir = t.testdir();
  const file = join(dir, 'training.ckpt');
  await writeCheckpoint(dir, checkpoint);
  t.equal(await readCheckpoint(dir, 'k2'), undefined);
  const whole = readFileSync(file);
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  writeFileSync(file, flipped);
  t.equal(await readCheckpoint(dir, 'k1'), undefined, 'flipped');
  for (const length of [0, 3, 20, whole.length - 1]) {
    writeFileSync(file, whole);
    truncateSync(file, length);
    t.equal(await readCheckpoint(dir, 'k1'), undefined, `cut to ${length}`);
  }
});
