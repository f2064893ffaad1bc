import t from 'tap';
import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { judgeDrift, judged, judgeMetric, judgeSlo, planGates, recordOf } from './gates.ts';

const value = <T>(result: Result<T, Problem>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};

t.test('objectives are read with their units, and no failure is allowed by default', (t) => {
  const plan = value(
    planGates({ slo: ['p95 <= 0.5s', 'mean<200ms'], gate: ['a/b.json:x.y >= 1e-1'] }),
  );
  t.same(
    plan.slos.map(({ gate }) => gate),
    [
      { metric: 'error-rate', comparison: '<=', bound: 0 },
      { metric: 'p95', comparison: '<=', bound: 500 },
      { metric: 'mean', comparison: '<', bound: 200 },
    ],
  );
  t.same(plan.metrics, [
    { file: 'a/b.json', gate: { metric: 'x.y', comparison: '>=', bound: 0.1 } },
  ]);
  const rate = value(planGates({ slo: ['error-rate<=1%'] })).slos;
  t.match(rate, [{ gate: { bound: 0.01 } }]);
  for (const slo of ['error-rate<=5ms', 'p95<=5%', 'p95', 'p95<=', 'x<=1']) {
    t.match(planGates({ slo: [slo] }), { ok: false }, slo);
  }
  for (const gate of ['x>=1', ':x>=1', 'f.json:>=1', 'f.json:x>=1ms', 'f.json:x']) {
    t.match(planGates({ gate: [gate] }), { ok: false }, gate);
  }
  t.end();
});

t.test('numbers are judged as they are, and what is missing holds nothing', (t) => {
  const [metric] = value(planGates({ gate: ['m.json:accuracy>=0.9'] })).metrics;
  t.match(judgeMetric(metric!, { accuracy: 0.9 }), { passed: true, actual: '0.9' });
  t.match(judgeMetric(metric!, { accuracy: 0.89 }), { passed: false });
  t.match(judgeMetric(metric!, { other: 1 }), { passed: false, actual: undefined });
  t.match(judgeMetric(metric!, undefined), { passed: false, actual: undefined });
  const seen = {
    requests: 20,
    failures: 1,
    latencies: Array.from({ length: 20 }, (_, at) => at + 1),
  };
  const slo = (text: string) => {
    const result = judgeSlo(value(planGates({ slo: [text] })).slos.at(-1)!, seen);
    return [result.passed, result.actual];
  };
  t.same(slo('error-rate<=0.05'), [true, '0.05 of 20 requests']);
  t.same(slo('error-rate<0.05'), [false, '0.05 of 20 requests']);
  t.same(slo('p50<=10'), [true, '10 ms of 20 requests']);
  t.same(slo('p95<=18'), [false, '19 ms of 20 requests']);
  t.same(slo('p99<=20'), [true, '20 ms of 20 requests']);
  t.same(slo('mean<=10'), [false, '10.5 ms of 20 requests']);
  const nothing = { requests: 0, failures: 0, latencies: [] };
  t.match(judgeSlo(value(planGates({ slo: ['p95<1'] })).slos[1]!, nothing), { passed: false });
  t.end();
});

t.test('only a verdict that says no is one', (t) => {
  const passed = (text: string | undefined): boolean => judgeDrift('d.json', text).passed;
  t.equal(passed('{"v":1,"drifted":false,"images":500}'), true);
  for (const text of [
    undefined,
    '',
    '{',
    '[]',
    '{"v":2,"drifted":false}',
    '{"v":1}',
    '{"v":1,"drifted":"no"}',
  ]) {
    t.equal(passed(text), false, String(text));
  }
  t.equal(
    judgeDrift('d.json', '{"v":1,"drifted":true,"p":0.001,"x":{}}').actual,
    'drifted, p 0.001',
  );
  t.end();
});

t.test('a reason goes past what does not hold, and is kept only where it was needed', (t) => {
  const held = { gate: 'a', actual: '1', passed: true };
  const failed = { gate: 'b', passed: false };
  const talk: string[] = [];
  const notify = (message: string): void => void talk.push(message);
  t.match(judged([held], { override: undefined }, { notify }), { ok: true });
  t.match(judged([held, failed], { override: undefined }, { notify }), {
    error: {
      kind: 'stage',
      diagnostics: [{ code: 'gate/failed', message: 'b does not hold: nothing to measure' }],
    },
  });
  t.match(judged([failed], { override: 'ticket' }, { notify }), { ok: true });
  t.ok(talk.includes('overridden: ticket'));
  t.same(recordOf([held], { override: 'ticket' }), { gates: [held] });
  t.same(recordOf([failed], { override: 'ticket' }), { gates: [failed], override: 'ticket' });
  t.same(recordOf([], { override: undefined }), {});
  t.end();
});
