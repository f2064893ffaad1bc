import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { contains, parseRepoPath, type RepoPath } from '../../model/names.ts';
import { listOf, objectOf, textOf } from './loose-json.ts';
import type { Noter } from './notes.ts';
import { translateChart } from './translate-charts.ts';
import { isTemplate, withLabels } from './translate-stage.ts';

/** A stage on its way: its body is what pipeline.yaml will say. */
export interface StagePlan {
  readonly name: string;
  body: JsonObject;
}

type OutField = 'outs' | 'metrics' | 'plots';

/**
 * Sections that DVC keeps beside the stages. What names an out of a stage becomes a part of that
 * out, and other plots are plots of the top level, which are returned; all else is told.
 */
export function translateSections(
  document: JsonObject,
  folder: RepoPath,
  plans: readonly StagePlan[],
  noter: Noter,
): readonly JsonObject[] {
  const charts: JsonObject[] = [];
  const inFolder = (path: JsonValue): RepoPath | undefined =>
    typeof path === 'string' ? parseRepoPath(path, folder) : undefined;

  listOf(document['metrics']).forEach((entry, at) => {
    const path = inFolder(entry);
    if (path !== undefined && giveRole(plans, path, 'metrics', {})) return;
    tellLost(['metrics', at], textOf(entry), path);
  });

  plotEntries(document['plots']).forEach(({ name, about, at }) => {
    const path = inFolder(name);
    const fields = ofOneFile(about);
    if (path !== undefined && fields && giveRole(plans, path, 'plots', fields)) return;
    const chart = translateChart(name, about, folder);
    if (chart !== undefined) return void charts.push(chart);
    noter.note(
      'import-dvc/plots-section',
      at,
      `the plot \`${name}\` is not taken over: its files are named by a template, or lie outside of the project`,
      'list it under `plots` of pipeline.yaml with the paths of its files',
    );
  });

  for (const [name, about] of Object.entries(objectOf(document['artifacts']))) {
    const { path: written, desc, type, meta, labels } = objectOf(about);
    const path = inFolder(written ?? '');
    const own = noter.within(['artifacts', name]);
    const fields = withLabels(
      {
        ...(desc !== undefined && { desc }),
        ...(type !== undefined && { type }),
        ...(meta !== undefined && { meta }),
      },
      labels,
      own,
    );
    if (path !== undefined && describeOut(plans, path, fields)) continue;
    own.note(
      'import-dvc/artifact',
      [],
      `the artifact \`${name}\` is not taken over: \`${textOf(written)}\` is no out of a stage`,
      'avian lineage tells where a file came from and what was made of it',
    );
  }

  listOf(document['params']).forEach((entry, at) => {
    noter.note(
      'import-dvc/params-section',
      ['params', at],
      `\`params: ${textOf(entry)}\` is not taken over: avian compares the parameters that stages name`,
      'nothing is lost: the file is read wherever a stage names it',
    );
  });
  if (document['datasets'] !== undefined) {
    noter.note(
      'import-dvc/datasets',
      ['datasets'],
      '`datasets` are not taken over: avian has none like them',
      '`avian add` the data that stages read',
    );
  }

  return charts;

  function tellLost(
    at: readonly (string | number)[],
    name: string,
    path: RepoPath | undefined,
  ): void {
    const around = path === undefined ? undefined : outAround(plans, path);
    noter.note(
      'import-dvc/metrics-section',
      at,
      around === undefined
        ? `the metrics file \`${name}\` is not taken over: it is no out of a stage`
        : `the metrics file \`${name}\` is not taken over: the out is the whole of \`${around.path}\``,
      around === undefined
        ? 'declare what a stage writes there under its `metrics`'
        : `list the files under \`${around.path}\` one by one in stage \`${around.stage}\` to name it`,
    );
  }
}

interface PlotEntry {
  readonly name: string;
  readonly about: JsonValue;
  readonly at: readonly (string | number)[];
}

/** A list of paths and of mappings by path or title; DVC also reads a mapping. */
function plotEntries(section: JsonValue | undefined): readonly PlotEntry[] {
  const members = (value: JsonValue, at: readonly (string | number)[]): readonly PlotEntry[] =>
    typeof value === 'string'
      ? [{ name: value, about: null, at }]
      : Object.entries(objectOf(value)).map(([name, about]) => ({
          name,
          about,
          at: [...at, name],
        }));
  return Array.isArray(section)
    ? listOf(section).flatMap((entry, at) => members(entry, ['plots', at]))
    : members(section ?? {}, ['plots']);
}

/** What one file's plot can say here; undefined for a plot drawn from several files. */
function ofOneFile(about: JsonValue): JsonObject | undefined {
  if (about === null) return {};
  const { x, y, ...others } = objectOf(about);
  if ((x !== undefined && typeof x !== 'string') || isJsonObject(y)) return undefined;
  return { ...(x !== undefined && { x }), ...(y !== undefined && { y }), ...others };
}

/** Lets an out be metrics or plots. False when no stage has exactly this out. */
function giveRole(
  plans: readonly StagePlan[],
  path: RepoPath,
  role: 'metrics' | 'plots',
  fields: JsonObject,
): boolean {
  const found = findOut(plans, path);
  if (found === undefined) return false;
  const { plan, field, at, written, about } = found;
  // An out has one role: what the stage itself says stays.
  if (field !== 'outs') return true;
  const { type: _, ...kept } = { ...about, ...fields };
  const entry = Object.keys(kept).length === 0 ? written : { [written]: kept };
  const outs = listOf(plan.body['outs']).filter((_entry, index) => index !== at);
  const { outs: _outs, ...others } = plan.body;
  plan.body = {
    ...others,
    ...(outs.length > 0 && { outs }),
    [role]: [...listOf(plan.body[role]), entry],
  };
  return true;
}

function describeOut(plans: readonly StagePlan[], path: RepoPath, fields: JsonObject): boolean {
  const found = findOut(plans, path);
  if (found === undefined) return false;
  const { plan, field, at, written, about } = found;
  const entry = { [written]: { ...fields, ...about } };
  plan.body = { ...plan.body, [field]: listOf(plan.body[field]).with(at, entry) };
  return true;
}

interface FoundOut {
  readonly plan: StagePlan;
  readonly field: OutField;
  readonly at: number;
  readonly written: string;
  readonly about: JsonObject;
}

const findOut = (plans: readonly StagePlan[], path: RepoPath): FoundOut | undefined =>
  allOuts(plans).find((out) => out.path === path);

const outAround = (
  plans: readonly StagePlan[],
  path: RepoPath,
): { readonly path: RepoPath; readonly stage: string } | undefined => {
  const found = allOuts(plans).find((out) => contains(out.path, path));
  return found && { path: found.path, stage: found.plan.name };
};

/** Outs whose paths are known: not those of a template. */
function allOuts(plans: readonly StagePlan[]): readonly (FoundOut & { readonly path: RepoPath })[] {
  return plans.flatMap((plan) => {
    const wdir = parseRepoPath(textOf(plan.body['wdir'] ?? '.'));
    if (wdir === undefined || isTemplate(wdir)) return [];
    return (['outs', 'metrics', 'plots'] as const).flatMap((field) =>
      listOf(plan.body[field]).flatMap((entry, at) => {
        const members =
          typeof entry === 'string' ? [[entry, {}] as const] : Object.entries(objectOf(entry));
        return members.flatMap(([written, about]) => {
          const path = isTemplate(written) ? undefined : parseRepoPath(written, wdir);
          return path === undefined
            ? []
            : [{ plan, field, at, written, about: objectOf(about), path }];
        });
      }),
    );
  });
}
