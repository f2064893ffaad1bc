import t from 'tap';
import {
  applyChange,
  augmentations,
  drawChange,
  type Augmentation,
  type Change,
} from './augment.ts';
import { createRandom } from './random.ts';

const unchanged: Change = {
  flipX: false,
  flipY: false,
  angle: 0,
  crop: drawChange('none', createRandom(1)).crop,
};

/** Red values of a picture given as digits, after a change. */
function changed(rows: readonly string[], change: Partial<Change>): string[] {
  const height = rows.length;
  const width = rows[0]?.length ?? 0;
  const source = Uint8Array.from(
    Array.from(rows.join('')).flatMap((digit) => Array<number>(3).fill(Number(digit))),
  );
  const target = new Uint8Array(source.length);
  applyChange({ ...unchanged, ...change }, source, 0, target, 0, height, width);
  return rows.map((_, y) =>
    Array.from({ length: width }, (_unused, x) => target[(y * width + x) * 3]).join(''),
  );
}

t.test('mirrors and copies are exact', async (t) => {
  t.same(changed(['123', '456'], {}), ['123', '456']);
  t.same(changed(['123', '456'], { flipX: true }), ['321', '654']);
  t.same(changed(['123', '456'], { flipY: true }), ['456', '123']);
});

t.test('a quarter turn moves the corners', async (t) => {
  t.same(changed(['123', '456', '789'], { angle: Math.PI / 2 }), ['741', '852', '963']);
  t.same(changed(['123', '456', '789'], { angle: -Math.PI / 2 }), ['369', '258', '147']);
});

t.test('a crop of the middle is stretched over the whole', async (t) => {
  const rows = ['0000', '0990', '0990', '0000'];
  const crop = { width: 0.5, height: 0.5, x: 0.5, y: 0.5 };
  const inside = changed(rows, { crop });
  t.same([inside[1]?.slice(1, 3), inside[2]?.slice(1, 3)], ['99', '99']);
});

/** Upside down, turned by up to so many degrees, cropped. */
const expected: Record<Augmentation, [boolean, number, boolean]> = {
  none: [false, 0, false],
  light: [false, 0, false],
  upright: [false, 15, true],
  moderate: [true, 90, false],
  heavy: [true, 90, true],
};

t.test('each kind does what it says, and the same seed the same', async (t) => {
  for (const kind of augmentations) {
    const random = createRandom(7);
    const changes = Array.from({ length: 200 }, () => drawChange(kind, random));
    t.equal(
      changes.some((change) => change.flipX),
      kind !== 'none',
      `${kind}: left and right`,
    );
    const [upsideDown, degrees, cropped] = expected[kind];
    t.equal(
      changes.some((change) => change.flipY),
      upsideDown,
      `${kind}: upside down`,
    );
    const widest = Math.max(...changes.map((change) => Math.abs(change.angle))) * (180 / Math.PI);
    t.ok(widest <= degrees && widest >= degrees * 0.9, `${kind}: turned by up to ${widest}`);
    t.equal(
      changes.some((change) => change.crop.width < 1),
      cropped,
      `${kind}: cropped`,
    );
    for (const { crop } of changes) {
      const inside =
        crop.x - crop.width / 2 >= -1e-9 &&
        crop.x + crop.width / 2 <= 1 + 1e-9 &&
        crop.y - crop.height / 2 >= -1e-9 &&
        crop.y + crop.height / 2 <= 1 + 1e-9;
      if (!inside) t.fail(`${kind}: a crop leaves the picture: ${JSON.stringify(crop)}`);
    }
    const again = createRandom(7);
    t.same(
      Array.from({ length: 200 }, () => drawChange(kind, again)),
      changes,
    );
  }
});

t.test('only the picture asked for is written', async (t) => {
  const size = 5;
  const source = Uint8Array.from({ length: 2 * size * size * 3 }, (_, i) => i);
  const target = new Uint8Array(3 * size * size * 3).fill(255);
  const one = size * size * 3;
  applyChange(drawChange('heavy', createRandom(3)), source, one, target, one, size, size);
  t.ok(
    target.subarray(0, one).every((byte) => byte === 255),
    'before',
  );
  t.ok(
    target.subarray(2 * one).every((byte) => byte === 255),
    'after',
  );
  t.notOk(
    target.subarray(one, 2 * one).every((byte) => byte === 255),
    'within',
  );
});
