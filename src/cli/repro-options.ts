import type { ReproOptions, Reproduced } from '../commands/repro.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { exitStatus, type ExitStatus } from './exit-status.ts';

/** What `avian repro` does when no option says otherwise. */
export const reproOptions = (jobs: number): ReproOptions => ({
  targets: [],
  overrides: [],
  force: false,
  single: false,
  downstream: false,
  keepGoing: false,
  runCache: true,
  probes: true,
  glob: false,
  allowMissing: false,
  nameRuns: false,
  trace: false,
  capacity: { cpu: jobs, gpu: 1, memory: Infinity },
});

export function statusOf({ outcomes: byStage, timedOut }: Reproduced): ExitStatus {
  const outcomes = [...byStage.values()];
  const damaged = outcomes.some(
    (outcome) => outcome.kind === 'failed' && outcome.failure.kind === 'restore-failed',
  );
  if (damaged) return exitStatus.corruption;
  const unfetched = outcomes.some(
    (outcome) => outcome.kind === 'failed' && outcome.failure.kind === 'not-fetched',
  );
  if (unfetched) return exitStatus.remoteFailed;
  // Cancelled without an interrupt: a person stopped one stage, and what was asked for is not done.
  const unsettled = new Set<StageOutcome['kind']>(['failed', 'blocked', 'cancelled']);
  const bad = outcomes.some(({ kind }) => unsettled.has(kind));
  return bad || timedOut ? exitStatus.stageFailed : exitStatus.ok;
}
