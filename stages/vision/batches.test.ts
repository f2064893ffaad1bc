import t from 'tap';
import { chunks, createBatcher, epochOrder } from './batches.ts';

const input = { mean: [0.5, 0.25, 0], std: [0.5, 0.25, 1] } as const;
const pictures = {
  pixels: Uint8Array.from({ length: 2 * 4 * 3 }, (_, i) => (i < 12 ? 255 : 0)),
  labels: Int32Array.of(4, 7),
  count: 2,
  height: 2,
  width: 2,
};

t.test('pictures are normalised by channel, labels go with them', async (t) => {
  const batch = createBatcher(pictures, input, 1)([1, 0], 'none', 1);
  t.same([...batch.labels], [7, 4]);
  t.same([...batch.pixels.subarray(0, 3)], [-1, -1, 0], 'black');
  t.same([...batch.pixels.subarray(12, 15)], [1, 3, 1], 'white');
});

t.test('changes follow from seed, epoch and picture, not from the batch', async (t) => {
  const noise = { ...pictures, pixels: Uint8Array.from({ length: 24 }, (_, i) => i * 10) };
  const batcher = createBatcher(noise, input, 1);
  const both = batcher([0, 1], 'heavy', 3).pixels;
  t.same(batcher([1], 'heavy', 3).pixels, both.subarray(12));
  t.notSame(batcher([1], 'heavy', 4).pixels, both.subarray(12), 'another epoch');
  t.notSame(createBatcher(noise, input, 2)([0, 1], 'heavy', 3).pixels, both, 'another seed');
});

t.test('an epoch shows every picture once, in an order of its own', async (t) => {
  const order = epochOrder(47, 1, 100);
  t.same(order, epochOrder(47, 1, 100));
  t.notSame(order, epochOrder(47, 2, 100));
  t.same(
    order.toSorted((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  t.same(chunks([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  t.same(chunks([], 2), []);
});
