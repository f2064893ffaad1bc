import type { Diagnostic, Problem, Span } from '../model/diagnostic.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { RepoPath } from '../model/names.ts';
import type { Pipeline, Project } from '../model/pipeline.ts';
import { err, ok } from '../model/result.ts';
import type { Result } from '../model/result.ts';
import type { Placed, PlacedStage } from './build-stage.ts';
import { composeConfig } from './compose.ts';
import { configFiles } from './config-files.ts';
import { parseOverride } from './overrides.ts';
import type { Override } from './overrides.ts';
import { loadParamFiles } from './param-files.ts';
import { PARAMS_FILE, selectParam } from './params.ts';
import { buildPipeline, parsePipeline } from './read-pipeline.ts';

export interface LoadOptions {
  /** Text of a file by root-relative path, or undefined when there is none. */
  readonly read: (path: string) => string | undefined;
  /** Names of the files in a root-relative directory; empty when there is none. Asked to name what is available, and by `+group=option`. */
  readonly list: (directory: string) => readonly string[];
  /** Override words of the command line, see `isOverride`. */
  readonly overrides: readonly string[];
}

export interface Loaded {
  /** Plain JSON. */
  readonly project: Project;
  /** Every path that was asked for, there or not: the project stays the same while these do. */
  readonly filesRead: readonly string[];
}

/**
 * Reads pipeline.yaml, params.yaml with its config groups, and the other files of parameters that
 * stages name. Everything found wrong in any of them is reported at once.
 */
export async function loadProject(options: LoadOptions): Promise<Result<Loaded, Problem>> {
  const yaml = await import('yaml');
  const asked = new Map<string, string | undefined>();
  const read = (path: string): string | undefined => {
    if (!asked.has(path)) asked.set(path, options.read(path));
    return asked.get(path);
  };
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => {
    diagnostics.push(diagnostic);
  };

  const source = parsePipeline(yaml, read, report);
  const ofConfig: Diagnostic[] = [];
  const reportConfig = (diagnostic: Diagnostic): void => {
    ofConfig.push(diagnostic);
  };
  const overrides = options.overrides.flatMap((word): readonly Override[] => {
    const override = parseOverride(yaml, word);
    if (!override.ok) reportConfig(override.error);
    return override.ok ? [override.value] : [];
  });
  const composed = composeConfig(configFiles(yaml, read, options.list, reportConfig), overrides);
  composed.diagnostics.forEach(reportConfig);
  // Templates take values of the configuration; what is wrong with the pipeline is told first.
  const config = ofConfig.length === 0 ? composed.config : undefined;
  const placed = await buildPipeline(source, { yaml, read, list: options.list, config, report });
  diagnostics.push(...ofConfig);

  const selections = [...placed.stages, ...placed.tasks].flatMap(({ params }) => params);
  const outs = placed.stages.flatMap(({ stage }) => stage.outs.map(({ path }) => path));
  const paramFiles = loadParamFiles(yaml, read, selections, outs, report);
  checkSelections(placed.stages, composed.config, paramFiles, read, report);

  if (diagnostics.length > 0 || composed.config === undefined) {
    return err({ kind: 'pipeline', diagnostics: inOrder(collapse(diagnostics, placed.isShared)) });
  }
  const pipeline: Pipeline = {
    stages: placed.stages.map(({ stage }) => stage),
    tasks: placed.tasks.map(({ task }) => task),
    ...(placed.plots !== undefined && { plots: placed.plots }),
    ...(placed.remotes !== undefined && { remotes: placed.remotes }),
  };
  const project: Project = {
    pipeline,
    config: composed.config,
    paramFiles: Object.fromEntries(
      [...paramFiles].filter((entry): entry is [RepoPath, JsonValue] => entry[1] !== undefined),
    ),
    overrides: options.overrides,
  };
  return ok({ project, filesRead: [...asked.keys()] });
}

/** That every parameter a stage selects is there. Those of a task are asked for when it runs. */
function checkSelections(
  stages: readonly PlacedStage[],
  config: JsonObject | undefined,
  paramFiles: ReadonlyMap<RepoPath, JsonValue | undefined>,
  read: (path: string) => string | undefined,
  report: (diagnostic: Diagnostic) => void,
): void {
  const known = Object.fromEntries(
    [...paramFiles].flatMap(([file, value]) => (value === undefined ? [] : [[file, value]])),
  );
  const canBeChecked = ({ value: { file } }: Placed<{ file: RepoPath }>): boolean =>
    file === PARAMS_FILE ? config !== undefined : paramFiles.get(file) !== undefined;
  for (const { params } of stages) {
    for (const selection of params.filter(canBeChecked)) {
      const sources = { config: config ?? {}, paramFiles: known };
      const selected = selectParam(selection.value, sources, selection.place);
      if (selected.ok) continue;
      const isAbsent = selection.value.file === PARAMS_FILE && read(PARAMS_FILE) === undefined;
      report(
        isAbsent && selected.error.code === 'params/missing-key'
          ? { ...selected.error, hint: 'there is no params.yaml yet: write the parameter there' }
          : selected.error,
      );
    }
  }
}

/**
 * What is wrong in the template of a group is wrong in each of its stages: told once, with their
 * number. Two are the same when they differ in nothing but what stands in backquotes.
 */
function collapse(
  diagnostics: readonly Diagnostic[],
  isShared: (span: Span) => boolean,
): readonly Diagnostic[] {
  const kept = new Map<string, { readonly first: Diagnostic; more: number }>();
  for (const [i, diagnostic] of diagnostics.entries()) {
    const { code, message, span } = diagnostic;
    const kind = span !== undefined && isShared(span) ? message.replace(/`[^`]*`/g, '') : i;
    const key = JSON.stringify([code, span, kind]);
    const same = kept.get(key);
    if (same === undefined) kept.set(key, { first: diagnostic, more: 0 });
    else if (same.first.message !== message) same.more += 1;
  }
  return [...kept.values()].map(({ first, more }) =>
    more === 0 ? first : { ...first, message: `${first.message} (and ${more} more like this)` },
  );
}

/** By file, in the order they came up, and place; what has no place is first. Nothing twice: two stages may name one broken file. */
function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...new Set(diagnostics.map(({ span }) => span?.file))];
  const rank = ({ span }: Diagnostic): readonly number[] =>
    span === undefined ? [-1] : [files.indexOf(span.file), span.line, span.column];
  const seen = new Set<string>();
  return diagnostics
    .filter(({ code, message, span }) => {
      const key = JSON.stringify([code, message, span]);
      return !seen.has(key) && seen.add(key).size > 0;
    })
    .sort((a, b) => compare(rank(a), rank(b)));
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return (a[at] ?? 0) - (b[at] ?? 0);
}
