import t from 'tap';
import { NO_GAUGES, metricsIn, progressIn, readGauges, sparkline } from './gauges.ts';

t.test('numbers that are watched while training', async (t) => {
  const read = (line: string) => metricsIn(line).map(({ name, value }) => [name, value]);
  t.same(read('epoch 3 of 10  loss 0.431  accuracy 0.870  val_loss 0.5'), [
    ['loss', 0.431],
    ['accuracy', 0.87],
    ['val_loss', 0.5],
  ]);
  t.same(read('100/100 - 3s - loss: 0.12 - acc: 91%'), [
    ['loss', 0.12],
    ['acc', 0.91],
  ]);
  t.same(read('{"train/loss":1.5e-3,"lr":0.1}'), [['train/loss', 0.0015]]);
  t.same(read('no loss of data, lossless 12, glossy loss'), []);
});

t.test('how far it has come', async (t) => {
  t.equal(progressIn('epoch 3 of 10  step 60 of 200  loss 0.5'), 0.3, 'the finest part counts');
  t.equal(progressIn(' 45%|████      | 450/1000 [00:10<00:12]'), 0.45);
  t.equal(progressIn('downloading  7.5 %'), 0.075);
  t.equal(progressIn('accuracy 91%'), undefined, 'a measure is no progress');
  t.equal(progressIn('2026/11/25 started'), undefined, 'nor is a date');
  t.equal(progressIn('path/12/40/x 1 of 1'), undefined);
  t.equal(progressIn('nothing'), undefined);
});

t.test('a series of any length keeps its shape in bounded memory', async (t) => {
  let gauges = NO_GAUGES;
  for (let step = 0; step < 20_000; step += 1) {
    gauges = readGauges(gauges, [`loss ${(1 - step / 20_000).toFixed(5)}`], '');
  }
  const series = gauges.series.get('loss')!;
  t.ok(series.points.length <= 241, String(series.points.length));
  t.equal(sparkline(series, 8, false), '█▇▆▅▄▃▂▁');
  t.equal(sparkline(series, 6, true), '#*=-._');
  t.equal(series.last, 0.00005);
});

t.test('few points, one point and none', async (t) => {
  const series = (points: readonly number[]) => ({
    ...{ name: 'loss', last: 0, stride: 1, filling: [] },
    points,
  });
  t.equal(sparkline(series([1, 2]), 10, false), '▁█');
  t.equal(sparkline(series([3]), 10, false), '▅');
  t.equal(sparkline(series([]), 10, false), '');
  t.equal(sparkline(series([1, 2]), 0, false), '');
});

t.test('progress stays until it is said anew, and unfinished lines count', async (t) => {
  let gauges = readGauges(NO_GAUGES, ['10%'], '');
  t.equal(gauges.progress, 0.1);
  gauges = readGauges(gauges, ['hello'], '');
  t.equal(gauges.progress, 0.1);
  gauges = readGauges(gauges, [], '55%');
  t.equal(gauges.progress, 0.55);
});
