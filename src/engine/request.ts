import type { JsonObject } from '../model/json.ts';
import type { StageName } from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import type { Graph } from '../model/graph.ts';

/** A stage with its parameters resolved: all that is needed to judge and run it. */
export interface StageWork {
  readonly stage: Stage;
  /** By key as shown to people; enters the fingerprint. */
  readonly params: JsonObject;
  /** What the command finds at `AVIAN_PARAMS`. */
  readonly paramsFile: JsonObject;
}

/** What every verb of the engine is asked about: a checked pipeline with resolved parameters. */
export interface Workload {
  readonly graph: Graph;
  readonly work: ReadonlyMap<StageName, StageWork>;
  /** Kept with every run: the whole configuration, and the override words. */
  readonly config: JsonObject;
  readonly overrides: readonly string[];
}

/** How stages are judged. */
export interface JudgeOptions {
  /** Treat the wanted stages as stale whatever their inputs. */
  readonly force: boolean;
  /** Ask the run cache for earlier outs of the same fingerprint. */
  readonly runCache: boolean;
  /** Run probes; without, what they said last is believed. */
  readonly probes: boolean;
  /** Missing deps and outs are what the lock says they are: nothing runs for data that is only elsewhere. */
  readonly allowMissing?: boolean;
  /** An up-to-date stage names its run. For whoever does not show it, a no-op asks the run log nothing. */
  readonly nameRuns: boolean;
}

/** Which stages a verb is about. No target means all of them. */
export interface Selection {
  readonly targets: readonly StageName[];
  /** Only the targets, not what they need. */
  readonly single: boolean;
  /** The targets and everything behind them. */
  readonly downstream: boolean;
}

export function workOf(workload: Workload, name: StageName): StageWork {
  const work = workload.work.get(name);
  if (work === undefined) throw new Error(`bug: ${name} is not in the workload it came from`);
  return work;
}
