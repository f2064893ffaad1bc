import t from 'tap';
import { displayWidth, padTo, truncate } from './display-width.ts';
import { ago, bytes, count, decimal, duration } from './units.ts';

t.test('durations', async (t) => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1000, '1.0s'],
    [9949, '9.9s'],
    [9950, '10s'],
    [59_499, '59s'],
    [59_500, '1m 00s'],
    [130_000, '2m 10s'],
    [3_599_600, '1h 00m'],
    [11_100_000, '3h 05m'],
    [187_200_000, '2d 4h'],
    [NaN, '?'],
    [-1, '?'],
  ];
  for (const [ms, text] of table) t.equal(duration(ms), text);
});

t.test('bytes', async (t) => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [10_188, '9.9 KiB'],
    [10_240, '10 KiB'],
    [1_048_575, '1.0 MiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [2 ** 60, '1024 PiB'],
    [-1, '?'],
  ];
  for (const [n, text] of table) t.equal(bytes(n), text);
});

t.test('counts, ages, decimals', async (t) => {
  t.equal(count(1, 'file'), '1 file');
  t.equal(count(1234567, 'file'), '1,234,567 files');
  const now = Date.parse('2026-11-23T12:00:00Z');
  t.equal(ago('2026-11-23T11:59:59Z', now), 'just now');
  t.equal(ago('2026-11-23T12:10:00Z', now), 'just now', 'another clock may be ahead');
  t.equal(ago('2026-11-23T11:59:30Z', now), '30 seconds ago');
  t.equal(ago('2026-11-23T10:59:30Z', now), '1 hour ago');
  t.equal(ago('2026-11-20T11:00:00Z', now), '3 days ago');
  t.equal(ago('never', now), 'never');
  t.same([0.9433, 12, 0.123456789, 1.2e-7, -0.0005, 1e9, 123456789.125, 1e20, 0].map(decimal), [
    '0.9433',
    '12',
    '0.123457',
    '1.2e-7',
    '-5e-4',
    '1000000000',
    '123457000',
    '1.000e+20',
    '0',
  ]);
});

t.test('columns of a terminal', async (t) => {
  t.equal(displayWidth('abc'), 3);
  t.equal(displayWidth('鳥と'), 4);
  t.equal(displayWidth('e\u0301'), 1, 'a combining accent takes no column');
  t.equal(displayWidth('🐦'), 2);
  t.equal(truncate('robin', 5, '…'), 'robin');
  t.equal(truncate('robins', 5, '…'), 'robi…');
  t.equal(truncate('鳥鳥鳥', 4, '…'), '鳥…', 'never half a character');
  t.equal(truncate('robin', 0, '…'), '');
  t.equal(padTo('鳥', 4), '鳥  ');
});
