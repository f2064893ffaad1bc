import type { JsonObject, JsonValue } from './json.ts';
import type { RepoPath, RunId, StageName } from './names.ts';
import type { Direction } from './views.ts';

/**
 * `avian exp show`: what was tried, and what came of it. An experiment is one chain of runs, from
 * data to metrics, put together from lineage: nobody has to give it a name beforehand.
 */
export interface ExperimentsView {
  /** Newest first, or in the order asked for. */
  readonly experiments: readonly Experiment[];
  /** Those worth a column, in order: what differs, unless all was asked for. */
  readonly columns: readonly Column[];
  /** Older ones that were not looked at. */
  readonly leftOut: number;
}

export interface Experiment {
  /** Its newest run. */
  readonly id: RunId;
  /** Its runs, producers first. */
  readonly runs: readonly { readonly stage: StageName; readonly id: RunId }[];
  /** ISO 8601, UTC: when its newest run began. */
  readonly startedAt: string;
  /** Time of all its commands together. */
  readonly durationMs: number;
  /** pipeline.lock names it. */
  readonly isCurrent: boolean;
  /** Recent commits whose pipeline.lock names it, newest first. */
  readonly commits: readonly { readonly id: string; readonly subject: string }[];
  /** The words that changed the configuration, of its newest run. */
  readonly overrides: readonly string[];
  /** By dotted key. */
  readonly params: JsonObject;
  /** Metric file -> dotted name -> number. */
  readonly metrics: { readonly [path: string]: { readonly [name: string]: number } };
}

export type Column =
  | { readonly kind: 'param'; readonly key: string; readonly label: string }
  | {
      readonly kind: 'metric';
      readonly path: RepoPath;
      readonly name: string;
      /** `name`, with its file where another one has it too. */
      readonly label: string;
      readonly direction?: Direction;
    };

/** What an experiment has in a column. */
export const valueIn = (column: Column, { params, metrics }: Experiment): JsonValue | undefined =>
  column.kind === 'param'
    ? member(params, column.key)
    : member(member(metrics, column.path) ?? {}, column.name);

const member = <Value>(
  object: { readonly [key: string]: Value },
  key: string,
): Value | undefined => (Object.hasOwn(object, key) ? object[key] : undefined);
