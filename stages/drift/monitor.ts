/** Drift as a service watches it: window after window of what it answers, in /metrics and as JSON. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Observed } from './features.ts';
import { judgeDrift, type Verdict } from './judge.ts';
import type { Reference } from './reference.ts';
import { createSketcher, type Sketch } from './sketch.ts';

/** What `GET /drift` answers, and what `avian run drift` reads. */
export interface DriftView {
  readonly v: 1;
  readonly window: number;
  /** Images in the window that is being filled. */
  readonly filling: number;
  /** Windows that were judged since the service started, and how many of them had drifted. */
  readonly windows: number;
  readonly alarms: number;
  /** About the latest full window, absent before there is one. */
  readonly verdict?: Verdict;
  /** The latest full window; the one that is being filled before there is one. */
  readonly sketch: Sketch;
}

export interface DriftMonitor {
  add(one: Observed): void;
  view(): DriftView;
}

/**
 * Windows do not overlap, so each verdict is about new images and the rate of false alarms is that of the
 * reference; whatever begins to drift, anywhere in a window, is in a whole window of its own within twice as
 * many images. Memory: two windows of numbers. A verdict takes tens of milliseconds, `schedule` says when.
 */
export function createDriftMonitor(
  reference: Reference,
  registry: Registry,
  {
    onVerdict = () => undefined,
    schedule = spaced(),
  }: {
    readonly onVerdict?: (verdict: Verdict) => void;
    readonly schedule?: (work: () => void) => void;
  } = {},
): DriftMonitor {
  const registers = [registry];
  const drifted = new Gauge({
    name: 'aviansight_drift',
    help: '1 when the latest full window has drifted away from the reference',
    registers,
  });
  const p = new Gauge({
    name: 'aviansight_drift_p_value',
    help: 'Corrected p-value of each test of the latest full window',
    labelNames: ['test'],
    registers,
  });
  const effect = new Gauge({
    name: 'aviansight_drift_effect',
    help: 'Effect size of each test: population stability index, for the embedding the maximum mean discrepancy',
    labelNames: ['test'],
    registers,
  });
  const windows = new Counter({
    name: 'aviansight_drift_windows_total',
    help: `Windows of ${reference.window} photographs that were judged`,
    registers,
  });
  const alarms = new Counter({
    name: 'aviansight_drift_alarms_total',
    help: `Windows that had drifted; where nothing has, ${reference.falseAlarms} of all`,
    registers,
  });
  const sketcher = createSketcher(reference);
  new Gauge({
    name: 'aviansight_drift_window_photographs',
    help: 'Photographs in the window that is being filled',
    registers,
    collect() {
      this.set(sketcher.images);
    },
  });
  // Both counted here: a counter of prom-client can only be read asynchronously.
  let [judged, found] = [0, 0];
  let latest: { readonly sketch: Sketch; readonly verdict: Verdict } | undefined;
  let pending: Sketch | undefined;

  function judge(): void {
    if (pending === undefined) return;
    const sketch = pending;
    pending = undefined;
    const verdict = judgeDrift(reference, sketch);
    latest = { sketch, verdict };
    judged += 1;
    windows.inc();
    drifted.set(verdict.drifted ? 1 : 0);
    for (const test of verdict.tests) {
      p.set({ test: test.name }, test.adjusted);
      effect.set({ test: test.name }, test.effect.value);
    }
    if (verdict.drifted) {
      found += 1;
      alarms.inc();
    }
    onVerdict(verdict);
  }

  return {
    add(one) {
      if (!one.values.every(Number.isFinite)) return;
      const full = sketcher.add(one);
      if (full === undefined) return;
      // Windows that fill up faster than they are judged: the newest one counts.
      const isWaiting = pending !== undefined;
      pending = full;
      if (!isWaiting) schedule(judge);
    },
    view: () => ({
      v: 1,
      window: reference.window,
      filling: sketcher.images,
      windows: judged,
      alarms: found,
      ...(latest === undefined ? { sketch: sketcher.sketch() } : latest),
    }),
  };
}

/** At a thousand photographs a second four windows fill up in one; verdicts on all of them would be felt by whoever waits. */
const BETWEEN_VERDICTS_MS = 5000;

function spaced(): (work: () => void) => void {
  let last = -Infinity;
  return (work) => {
    const wait = Math.max(0, last + BETWEEN_VERDICTS_MS - performance.now());
    // A process that ends does not wait for a verdict.
    setTimeout(() => {
      last = performance.now();
      work();
    }, wait).unref();
  };
}
