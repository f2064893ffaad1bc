import { resolveParams } from '../config/params.ts';
import type { StageWork, Workload } from '../engine/request.ts';
import type { Diagnostic, Problem } from '../model/diagnostic.ts';
import { buildGraph } from '../model/graph.ts';
import type { StageName } from '../model/names.ts';
import type { Project } from '../model/pipeline.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { CommandContext } from './context.ts';

/** The project of this invocation: as remembered when no file changed, else read and checked. */
export async function readProject(
  overrides: readonly string[],
  { files, projectCache, version }: Pick<CommandContext, 'files' | 'projectCache' | 'version'>,
): Promise<Result<Project, Problem>> {
  const remembered = projectCache.load(version, overrides);
  if (remembered !== undefined) return ok(remembered);
  const { loadProject } = await import('../config/load-project.ts');
  const loaded = await loadProject({
    read: (path) => files.read(path),
    list: (path) => files.list(path),
    overrides,
  });
  if (!loaded.ok) return loaded;
  const { project, filesRead } = loaded.value;
  projectCache.store(version, overrides, project, filesRead);
  return ok(project);
}

/** A project ready for the engine: graph built, parameters of every stage resolved. */
export async function loadWorkload(
  overrides: readonly string[],
  context: Pick<CommandContext, 'files' | 'projectCache' | 'version'>,
): Promise<Result<Workload, Problem>> {
  const project = await readProject(overrides, context);
  if (!project.ok) return project;
  const { pipeline, config } = project.value;
  const work = new Map<StageName, StageWork>();
  const diagnostics: Diagnostic[] = [];
  for (const stage of pipeline.stages) {
    const params = resolveParams(stage, project.value);
    if (params.ok) {
      work.set(stage.name, { stage, params: params.value.values, paramsFile: params.value.file });
    } else diagnostics.push(...params.error);
  }
  if (diagnostics.length > 0) return err({ kind: 'pipeline', diagnostics });
  return ok({ graph: buildGraph(pipeline.stages), work, config, overrides });
}
