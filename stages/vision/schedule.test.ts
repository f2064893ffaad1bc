import t from 'tap';
import { rateFactor } from './schedule.ts';

t.test('warm-up rises in a line, then the rate is constant', async (t) => {
  const schedule = { kind: 'constant', warmupSteps: 3, totalSteps: 10 } as const;
  t.same(
    [0, 1, 2, 3, 9, 99].map((step) => rateFactor(schedule, step)),
    [0.25, 0.5, 0.75, 1, 1, 1],
  );
});

t.test('cosine falls from 1 to almost 0 and passes 1/2 halfway', async (t) => {
  const schedule = { kind: 'cosine', warmupSteps: 2, totalSteps: 12 } as const;
  t.equal(rateFactor(schedule, 2), 1);
  t.ok(Math.abs(rateFactor(schedule, 7) - 0.5) < 1e-12);
  t.equal(rateFactor(schedule, 12), 0.001);
  t.equal(rateFactor(schedule, 1000), 0.001);
  for (let step = 3; step < 12; step++) {
    t.ok(rateFactor(schedule, step) < rateFactor(schedule, step - 1), `falls at ${step}`);
  }
});
