import type { AvianEvent } from '../model/event.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { attempt, fingerprint, sampleRun, stage } from './samples.ts';

/** Events for tests of who reads them. */

export const plan = (...names: readonly string[]): AvianEvent => ({
  type: 'plan-ready',
  stages: names.map(stage),
});

export const started = (name: string): AvianEvent => ({
  type: 'stage-started',
  stage: stage(name),
  attempt: attempt(),
  fingerprint: fingerprint('ab'),
  reasons: [{ kind: 'param-changed', key: 'train.lr', before: 0.001, after: 0.0003 }],
  cmd: ['node train.ts'],
});

export const output = (
  name: string,
  chunk: string,
  stream: 'stdout' | 'stderr' = 'stdout',
): AvianEvent => ({ type: 'stage-output', stage: stage(name), stream, chunk });

export const settled = (name: string, outcome: StageOutcome, elapsedMs = 0): AvianEvent => ({
  type: 'stage-settled',
  stage: stage(name),
  outcome,
  elapsedMs,
});

export const executed: StageOutcome = { kind: 'executed', run: sampleRun(), unchangedOuts: false };
export const failed: StageOutcome = {
  kind: 'failed',
  failure: { kind: 'exited', code: 1, tail: 'boom\n' },
};

export const done = (
  counts: { readonly [kind in StageOutcome['kind']]?: number } = {},
): AvianEvent => ({
  type: 'repro-done',
  counts,
  elapsedMs: 12_000,
  urls: [],
});
