import { toRef } from '../model/artifact.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { parseRepoPath, ROOT, type RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { PathsView } from '../model/views.ts';
import { describeWorkspaceProblem } from '../engine/observe.ts';
import type { CommandContext } from './context.ts';
import { holdingProject } from './hold-project.ts';
import { ignoreInGit } from './ignore-in-git.ts';
import { loadWorkload } from './load-workload.ts';

/** `avian add <path>…`: keeps raw data in the cache, pins it in the lock and hides it from git. */
export async function add(
  options: { readonly paths: readonly string[] },
  context: CommandContext,
): Promise<Result<PathsView, Problem>> {
  const { ports } = context;
  const workload = await loadWorkload([], context);
  if (!workload.ok) return workload;
  return holdingProject(context, async () => {
    const added: PathsView['paths'][number][] = [];
    const readable = await ports.lock.read();
    if (!readable.ok) return readable;
    for (const text of options.paths) {
      const path = parseRepoPath(text);
      if (path === undefined || path === ROOT) return err(outside(text));
      const owner = workload.value.graph.producersOf(path)[0];
      if (owner !== undefined) return err(alreadyOut(path, owner.name));
      const artifact = await ports.workspace.commit(path);
      if (!artifact.ok) {
        return err(problem('stage', 'add/refused', describeWorkspaceProblem(artifact.error)));
      }
      if (artifact.value === undefined) return err(absent(text));
      const ref = toRef(artifact.value);
      // The user's own file stays: gigabytes need not have reached the disk twice before this returns.
      await ports.workspace.syncLater();
      await ports.lock.setSource(path, ref);
      ignoreInGit(path, context.files);
      added.push({ path, done: 'added', ...ref });
    }
    await ports.lock.flush();
    return ok({ paths: added });
  });
}

const outside = (text: string): Problem =>
  problem(
    'usage',
    'add/outside',
    `\`${text}\` is not inside the project`,
    'copy or link the data into the project first',
  );
const absent = (text: string): Problem =>
  problem('usage', 'add/missing', `there is no \`${text}\``);
const alreadyOut = (path: RepoPath, owner: string): Problem =>
  problem(
    'usage',
    'add/is-out',
    `\`${path}\` belongs to stage \`${owner}\``,
    `its outs are kept by \`avian repro ${owner}\``,
  );
