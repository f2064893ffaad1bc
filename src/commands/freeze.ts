import type { PipelineEdit } from '../config/edit-pipeline.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { FreezeView } from '../model/history-views.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { CommandContext } from './context.ts';
import { editedProject, PIPELINE_FILE } from './edit-project.ts';
import { holdingProject } from './hold-project.ts';
import { loadWorkload } from './load-workload.ts';
import { resolveTargets } from './targets.ts';

/** `avian freeze|unfreeze <stages>`: says `frozen: true` in pipeline.yaml, or says it no more. All of them or none. */
export async function freeze(
  options: { readonly targets: readonly string[]; readonly frozen: boolean },
  context: CommandContext,
): Promise<Result<FreezeView, Problem>> {
  const { frozen, targets } = options;
  if (targets.length === 0) return err(problem('usage', 'usage/no-stage', 'name a stage'));
  return holdingProject(context, async () => {
    const workload = await loadWorkload([], context);
    if (!workload.ok) return workload;
    const { graph } = workload.value;
    const names = resolveTargets(graph, targets);
    if (!names.ok) return names;
    const wanted = [...new Set(names.value)];
    const differing = wanted.filter((name) => graph.stages.get(name)?.frozen !== frozen);
    const edits = differing.map((name): PipelineEdit => ({ kind: 'freeze', name, frozen }));
    const edited = await editedProject(edits, context);
    if (!edited.ok) return edited;
    if (differing.length > 0) context.files.write(PIPELINE_FILE, edited.value.text);
    const done = frozen ? 'frozen' : 'unfrozen';
    return ok({
      stages: wanted.map((name) => ({
        name,
        done: differing.includes(name) ? done : ('unchanged' as const),
      })),
    });
  });
}
