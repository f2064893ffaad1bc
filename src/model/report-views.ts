import type { Deployment } from './deployment.ts';
import type { ExperimentsView } from './experiment.ts';
import type { Digest, RepoPath, StageName } from './names.ts';
import type { Gate } from './pipeline.ts';
import type { PlotsView } from './plot.ts';
import type { Run } from './run.ts';
import type { Verdict } from './verdict.ts';
import type { Direction } from './views.ts';

/** `avian report`: a project as it stands, and how it came about. Facts without words. */
export interface ReportView {
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  readonly avian: string;
  /** What HEAD is; absent without git. */
  readonly commit?: string;
  /** In topological order. */
  readonly stages: readonly ReportStage[];
  readonly metrics: readonly ReportMetric[];
  readonly plots: PlotsView;
  readonly experiments: ExperimentsView;
  readonly lineage: ReportLineage;
}

export interface ReportStage {
  readonly name: StageName;
  readonly desc?: string;
  readonly cmd: readonly string[];
  readonly needs: readonly StageName[];
  readonly verdict: Verdict['kind'];
  /** The run that pipeline.lock names. */
  readonly run?: Run;
}

export interface ReportMetric {
  readonly path: RepoPath;
  readonly stage: StageName;
  readonly name: string;
  readonly value: number;
  /** What HEAD had, where it had another one. */
  readonly before?: number;
  readonly direction?: Direction;
  readonly gate?: Gate;
}

/** From data that nobody made to what serves, by the runs that pipeline.lock names. */
export interface ReportLineage {
  readonly artifacts: readonly LinkedArtifact[];
  readonly links: readonly LineageLink[];
  /** The newest revision of every deployment that was made of one of the artifacts. */
  readonly deployments: readonly Deployment[];
}

export interface LinkedArtifact {
  readonly path: RepoPath;
  readonly digest: Digest;
  readonly size: number;
  /** Of a directory. */
  readonly files?: number;
  /** Absent for a source. */
  readonly stage?: StageName;
}

/** A run read an artifact, or a file in it. `isOlder`: it has been made anew since. */
export interface LineageLink {
  readonly from: RepoPath;
  readonly to: StageName;
  readonly isOlder: boolean;
}
