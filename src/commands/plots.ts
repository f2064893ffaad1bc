import { problem, type Problem } from '../model/diagnostic.ts';
import { closest } from '../model/did-you-mean.ts';
import { contains, parseRepoPath, type RepoPath } from '../model/names.ts';
import type { Pipeline, Stage } from '../model/pipeline.ts';
import type { Plot, PlotDeclaration, PlotsView } from '../model/plot.ts';
import { err, ok, type Result } from '../model/result.ts';
import { declaredPlots } from '../plots/declared.ts';
import { draw } from '../plots/draw.ts';
import type { LookContext } from './context.ts';
import { loadPlot } from './load-plot.ts';
import { readProject } from './load-workload.ts';
import { filesOf, type RevisionFiles } from './revision-files.ts';

export interface PlotsOptions {
  /** Git revisions, run ids or `workspace`; for `diff` HEAD and the workspace when absent, and one is compared with the workspace. */
  readonly revisions: readonly string[];
  /** Names of charts, their files, stages, or any other data file; all that is declared when empty. */
  readonly targets: readonly string[];
  /** Drawn so instead of as declared. */
  readonly as: PlotStyle;
}

export type PlotStyle = Partial<
  Pick<PlotDeclaration, 'template' | 'title' | 'xLabel' | 'yLabel' | 'header'>
> & { readonly x?: string; readonly y?: readonly string[] };

/** `avian plots show`: declared charts, from the workspace. */
export const plotsShow = (
  options: Omit<PlotsOptions, 'revisions'>,
  context: LookContext,
): Promise<Result<PlotsView, Problem>> => plots({ ...options, revisions: ['workspace'] }, context);

/** `avian plots diff [revisions]`: the same with a drawing for each revision. */
export function plotsDiff(
  options: PlotsOptions,
  context: LookContext,
): Promise<Result<PlotsView, Problem>> {
  const [first = 'HEAD', ...more] = options.revisions;
  const revisions = more.length === 0 ? [first, 'workspace'] : [first, ...more];
  return plots({ ...options, revisions: [...new Set(revisions)] }, context);
}

async function plots(
  { revisions, targets, as }: PlotsOptions,
  context: LookContext,
): Promise<Result<PlotsView, Problem>> {
  const project = await readProject([], context);
  if (!project.ok) return project;
  const wanted = chosen(project.value.pipeline, targets);
  if (!wanted.ok) return wanted;
  const files: RevisionFiles[] = [];
  for (const name of revisions) {
    const found = await filesOf(name, context);
    if (!found.ok) return found;
    files.push(found.value);
  }
  const declared = wanted.value.map((declaration) => restyled(declaration, as));
  return ok({ revisions, plots: await drawPlots(declared, files) });
}

export async function drawPlots(
  declared: readonly PlotDeclaration[],
  files: readonly RevisionFiles[],
): Promise<readonly Plot[]> {
  const drawn: Plot[] = [];
  for (const declaration of declared) {
    const loaded = [];
    for (const each of files) loaded.push(await loadPlot(declaration, each));
    drawn.push(draw(declaration, loaded));
  }
  return drawn;
}

/**
 * Declared charts that a target means: by their name, by a path that they read, or by the stage that
 * writes it. A path that none of them reads is a chart of its own.
 */
function chosen(
  pipeline: Pipeline,
  targets: readonly string[],
): Result<readonly PlotDeclaration[], Problem> {
  const declared = declaredPlots(pipeline);
  if (targets.length === 0 && declared.length === 0) return err(nothingDeclared());
  const found: PlotDeclaration[] = targets.length === 0 ? [...declared] : [];
  for (const target of targets) {
    const path = parseRepoPath(target);
    const stage = pipeline.stages.find(({ name }) => name === target);
    const places = [...(path === undefined ? [] : [path]), ...pathsOf(stage)];
    const meant = declared.filter(
      ({ id, sources }) =>
        id === target || sources.some(({ file }) => places.some((place) => contains(place, file))),
    );
    if (meant.length > 0) found.push(...meant);
    else if (path !== undefined && /[./]/.test(target)) {
      found.push({ id: path, sources: [{ file: path, y: [] }], header: true });
    } else return err(unknownTarget(target, declared));
  }
  return ok([...new Set(found)]);
}

const pathsOf = (stage: Stage | undefined): readonly RepoPath[] =>
  stage?.outs.map(({ path }) => path) ?? [];

function restyled(declaration: PlotDeclaration, { x, y, ...as }: PlotStyle): PlotDeclaration {
  const sources = declaration.sources.map((source) => ({
    ...source,
    ...(x !== undefined && { x: { field: x } }),
    ...(y !== undefined && { y }),
  }));
  return { ...declaration, ...as, sources };
}

const nothingDeclared = (): Problem =>
  problem(
    'usage',
    'plots/none',
    'pipeline.yaml declares no plots',
    'list files under the `plots` of a stage or of the top level, or name one: avian plots show loss.csv',
  );

function unknownTarget(target: string, declared: readonly PlotDeclaration[]): Problem {
  const ids = declared.map(({ id }) => id);
  const near = closest(target, ids);
  return problem(
    'usage',
    'plots/unknown',
    `there is no plot \`${target}\``,
    near === undefined
      ? `there are: ${ids.join(', ') || 'none'}; a file is named by its path`
      : `did you mean \`${near}\`?`,
  );
}
