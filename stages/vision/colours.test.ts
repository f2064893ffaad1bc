import t from 'tap';
import { colourStatistics } from './colours.ts';

t.test('mean and deviation per channel, of values scaled to 0..1', (t) => {
  const { mean, std } = colourStatistics(Uint8Array.of(0, 51, 255, 255, 51, 0, 0, 51, 255));
  const near = (actual: number, expected: number): void => {
    t.ok(Math.abs(actual - expected) < 1e-12, `${actual} is ${expected}`);
  };
  near(mean[0], 1 / 3);
  near(mean[1], 0.2);
  near(mean[2], 2 / 3);
  near(std[0], Math.sqrt(2) / 3);
  near(std[1], 0);
  near(std[2], Math.sqrt(2) / 3);
  t.end();
});
