import type { AttemptId, Digest, Fingerprint, RepoPath, RunId, StageName } from '../model/names.ts';
import { parseRepoPath, parseStageName } from '../model/names.ts';
import type { Run } from '../model/run.ts';
import type { Ticker } from '../report/heartbeat.ts';

/** Values for tests of what people read: plausible, short to write, the same every time. */

export function stage(name: string): StageName {
  const parsed = parseStageName(name);
  if (parsed === undefined) throw new Error(`bug in a test: ${name} is no stage name`);
  return parsed;
}

export function path(text: string): RepoPath {
  const parsed = parseRepoPath(text);
  if (parsed === undefined) throw new Error(`bug in a test: ${text} is no path`);
  return parsed;
}

/** `digest('3f2a91')` is that, and zeros. */
export const digest = (start: string): Digest => `b3:${start.padEnd(64, '0')}` as Digest;
export const fingerprint = (start: string): Fingerprint =>
  `f1:${start.padEnd(64, '0')}` as Fingerprint;
export const attempt = (start = '7f3a9c'): AttemptId => `20261123T101500Z-${start}` as AttemptId;

/** Noon; runs of `sampleRun` started three days before. */
export const NOON = Date.parse('2026-11-23T12:00:00Z');

export const sampleRun = (changes: Partial<Run> = {}): Run => ({
  v: 1,
  id: '3f2a91'.padEnd(64, '0') as RunId,
  stage: stage('train'),
  attempt: attempt(),
  fingerprint: fingerprint('aa'),
  input: {
    recipe: 1,
    cmd: ['node train.ts'],
    wdir: path('.'),
    deps: [],
    params: { 'train.lr': 0.0003, 'train.epochs': 8 },
    outs: [path('artifacts/model')],
    env: {},
    tools: {},
  },
  outs: {},
  ending: { kind: 'succeeded' },
  metrics: { 'metrics.json': { accuracy: 0.9433 } },
  config: {},
  overrides: [],
  startedAt: '2026-11-20T12:00:00Z',
  durationMs: 130_000,
  provenance: {
    avian: '0.1.0',
    commit: '0a1b2c3d4e5f',
    host: 'host',
    user: 'ana',
    platform: 'linux-x64',
    executor: 'local',
    facts: { backend: 'wasm' },
  },
  ...changes,
});

/** A clock that a test moves; `pass` calls what is due in order. */
export function createManualTicker(): Ticker & {
  pass: (ms: number) => void;
  ticking: () => number;
} {
  let time = 0;
  const timers = new Set<{ readonly every: number; due: number; readonly tick: () => void }>();
  return {
    now: () => NOON + time,
    monotonic: () => time,
    every(ms, tick) {
      const timer = { every: ms, due: time + ms, tick };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    pass(ms) {
      const end = time + ms;
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.due - b.due);
        if (next === undefined || next.due > end) break;
        time = next.due;
        next.due += next.every;
        next.tick();
      }
      time = end;
    },
    ticking: () => timers.size,
  };
}
