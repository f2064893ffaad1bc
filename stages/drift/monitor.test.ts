import { Registry } from 'prom-client';
import t from 'tap';
import { createRandom } from '../vision/random.ts';
import type { Verdict } from './judge.ts';
import { createDriftMonitor } from './monitor.ts';
import { madeUp, madeUpReference, type Weather } from './testing/observations.ts';

const root = createRandom(47);
const reference = madeUpReference(root.fork('reference'), 300, { permutations: 4999 });

t.test('verdicts come a window at a time, in /metrics and as JSON', async (t) => {
  const registry = new Registry();
  const verdicts: Verdict[] = [];
  const monitor = createDriftMonitor(reference, registry, {
    onVerdict: (verdict) => verdicts.push(verdict),
    schedule: (work) => {
      work();
    },
  });
  const random = root.fork('stream');
  const send = (count: number, weather: Weather = {}): void => {
    for (let image = 0; image < count; image += 1) monitor.add(madeUp(random, weather));
  };
  const metric = async (name: string): Promise<number> => {
    const line = (await registry.metrics()).split('\n').find((one) => one.startsWith(`${name} `));
    return Number(line?.split(' ')[1]);
  };

  send(60);
  t.match(monitor.view(), { v: 1, window: 100, filling: 60, windows: 0, alarms: 0 });
  t.equal(monitor.view().sketch.images, 60, 'before the first window, what there is');
  t.notOk('verdict' in monitor.view());
  t.equal(await metric('aviansight_drift_window_photographs'), 60);

  send(40);
  t.equal(verdicts.length, 1);
  t.equal(verdicts[0]?.drifted, false);
  t.match(monitor.view(), { filling: 0, windows: 1, alarms: 0, verdict: { drifted: false } });

  send(130, { light: -0.2 });
  t.match(monitor.view(), { filling: 30, windows: 2, alarms: 1, verdict: { drifted: true } });
  t.equal(monitor.view().sketch.images, 100, 'the latest full one');
  t.equal(await metric('aviansight_drift'), 1);
  t.equal(await metric('aviansight_drift_windows_total'), 2);
  t.equal(await metric('aviansight_drift_alarms_total'), 1);
  t.ok((await metric('aviansight_drift_p_value{test="brightness"}')) < 1e-6);
  t.ok((await metric('aviansight_drift_effect{test="brightness"}')) > 0.25);
  t.match(verdicts[1]?.found, /^brightness \(p \S+, psi \d\.\d\d\)/);

  send(70, { light: -0.2 });
  send(100);
  t.equal(await metric('aviansight_drift'), 0, 'and it ends when the drift ends');
});

t.test(
  'windows that fill up before they are judged: the newest counts, none waits in a queue',
  (t) => {
    const waiting: (() => void)[] = [];
    const monitor = createDriftMonitor(reference, new Registry(), {
      schedule: (work) => waiting.push(work),
    });
    const random = root.fork('flood');
    for (let image = 0; image < 500; image += 1) {
      monitor.add(madeUp(random, image < 400 ? {} : { light: -0.2 }));
    }
    t.equal(waiting.length, 1);
    waiting[0]?.();
    t.match(monitor.view(), { windows: 1, alarms: 1 });
    t.end();
  },
);

t.test('what is no number is not counted', (t) => {
  const monitor = createDriftMonitor(reference, new Registry());
  const one = madeUp(root.fork('nan'));
  monitor.add({ ...one, values: one.values.map(() => NaN) });
  t.equal(monitor.view().filling, 0);
  t.end();
});
