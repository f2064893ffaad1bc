import t from 'tap';
import { colourStatistics } from './colours.ts';
import { createRandom } from './random.ts';

const SIZE = 64;

/** A grey picture whose value at a place is given. */
function grey(value: (x: number, y: number) => number): Uint8Array {
  const places = Array.from({ length: SIZE * SIZE }, (_, place) =>
    Math.round(value(place % SIZE, Math.floor(place / SIZE))),
  );
  return Uint8Array.from(places.flatMap((luma) => [luma, luma, luma]));
}

t.test('mean and deviation per channel, of values scaled to 0..1', (t) => {
  const { mean, std, ...detail } = colourStatistics(
    Uint8Array.of(0, 51, 255, 255, 51, 0, 0, 51, 255),
    3,
  );
  const near = (actual: number, expected: number): void => {
    t.ok(Math.abs(actual - expected) < 1e-12, `${actual} is ${expected}`);
  };
  near(mean[0], 1 / 3);
  near(mean[1], 0.2);
  near(mean[2], 2 / 3);
  near(std[0], Math.sqrt(2) / 3);
  near(std[1], 0);
  near(std[2], Math.sqrt(2) / 3);
  t.same(
    detail,
    { saturation: 0, sharpness: 0, grain: 0 },
    'a row has no neighbours above and below',
  );
  t.end();
});

t.test('a ramp is sharp and has no grain, noise has the deviation that it was made with', (t) => {
  const ramp = colourStatistics(
    grey((x) => x * 4),
    SIZE,
  );
  t.ok(Math.abs(ramp.sharpness - 4 / 2 / 255) < 1e-12);
  t.ok(ramp.grain < 1e-12, 'a ramp has no second differences');
  const random = createRandom(47);
  const noisy = colourStatistics(
    grey((x) => 60 + x * 2 + random.normal() * 8),
    SIZE,
  );
  t.ok(Math.abs(noisy.grain - 8 / 255) < 1.2 / 255, `${noisy.grain * 255} is about 8`);
  t.equal(noisy.saturation, 0);
  const orange = Uint8Array.from(
    { length: SIZE * SIZE * 3 },
    (_, index) => [255, 153, 51][index % 3] ?? 0,
  );
  t.ok(Math.abs(colourStatistics(orange, SIZE).saturation - 0.8) < 1e-12);
  t.end();
});

t.test('a large picture is looked at in places, and says the same', (t) => {
  const stripes = (width: number): number => {
    const pixels = Uint8Array.from({ length: width * width * 3 }, (_, index) => {
      return Math.floor(index / 3) % 4 < 2 ? 40 : 200;
    });
    return colourStatistics(pixels, width).sharpness;
  };
  t.ok(Math.abs(stripes(64) - stripes(260)) < 0.02 * stripes(64));
  t.end();
});
