import type { ProblemKind } from '../model/diagnostic.ts';

/** What a command's exit code says; fixed, since scripts branch on it. README lists them. */
export const exitStatus = {
  ok: 0,
  /** A stage or a gate failed. */
  stageFailed: 1,
  /** pipeline.yaml, params or lock are invalid. */
  invalidPipeline: 2,
  /** Something is stale (`--exit-code`). */
  stale: 3,
  remoteFailed: 4,
  corruption: 5,
  usage: 64,
  bug: 70,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export const statusOf: { readonly [kind in ProblemKind]: ExitStatus } = {
  stage: exitStatus.stageFailed,
  pipeline: exitStatus.invalidPipeline,
  remote: exitStatus.remoteFailed,
  corruption: exitStatus.corruption,
  usage: exitStatus.usage,
};
