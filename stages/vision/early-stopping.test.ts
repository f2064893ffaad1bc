import t from 'tap';
import { earlyStoppingStart, improves, observe, type EarlyStoppingRule } from './early-stopping.ts';

const rule: EarlyStoppingRule = {
  monitor: 'val_accuracy',
  mode: 'max',
  patience: 2,
  minDelta: 0.01,
  checkFinite: true,
};

/** Epoch after which training stops, and why; undefined where it goes on. */
function stopsAfter(values: readonly number[], changed: Partial<EarlyStoppingRule> = {}): unknown {
  let state = earlyStoppingStart;
  for (const [i, value] of values.entries()) {
    state = observe({ ...rule, ...changed }, state, i + 1, value);
    if (state.stop !== null) return { epoch: i + 1, kind: state.stop.kind };
  }
  return undefined;
}

t.test('stops after `patience` epochs without improvement', async (t) => {
  t.same(stopsAfter([0.5, 0.6, 0.6, 0.6]), { epoch: 4, kind: 'patience' });
  t.equal(stopsAfter([0.5, 0.6, 0.6, 0.7, 0.7]), undefined);
});

t.test('a change within min_delta is no improvement', async (t) => {
  t.same(stopsAfter([0.5, 0.505, 0.51]), { epoch: 3, kind: 'patience' });
  t.equal(stopsAfter([0.5, 0.511, 0.522]), undefined);
});

t.test('mode min looks the other way', async (t) => {
  t.equal(stopsAfter([3, 2, 1], { mode: 'min' }), undefined);
  t.same(stopsAfter([1, 2, 3], { mode: 'min' }), { epoch: 3, kind: 'patience' });
});

t.test('NaN stops at once, or counts as no improvement', async (t) => {
  t.same(stopsAfter([0.5, NaN]), { epoch: 2, kind: 'not-finite' });
  t.same(stopsAfter([0.5, NaN, NaN], { checkFinite: false }), { epoch: 3, kind: 'patience' });
  t.equal(improves(rule, NaN, null), false, 'and is never the best');
});

t.test('stops when the threshold is reached', async (t) => {
  t.same(stopsAfter([0.5, 0.9], { stoppingThreshold: 0.9 }), { epoch: 2, kind: 'threshold' });
  t.same(stopsAfter([0.5, 0.1], { stoppingThreshold: 0.1, mode: 'min' }), {
    epoch: 2,
    kind: 'threshold',
  });
});

t.test('resumed from its JSON it stops where it would have', async (t) => {
  const values = [0.5, 0.6, 0.55, 0.7, 0.7, 0.7, 0.9];
  let state = earlyStoppingStart;
  for (const [i, value] of values.entries()) {
    state = JSON.parse(JSON.stringify(observe(rule, state, i + 1, value))) as typeof state;
  }
  t.same(state, { best: 0.7, bestEpoch: 4, waited: 2, stop: { kind: 'patience', waited: 2 } });
});
