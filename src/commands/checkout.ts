import { sameContent, toRef, type Artifact } from '../model/artifact.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { contains, groupOf, parseRepoPath, type RepoPath } from '../model/names.ts';
import type { LinkKind, Stage } from '../model/pipeline.ts';
import { err, ok, type Result } from '../model/result.ts';
import { pinnedIn, type Pinned, type PipelineLock } from '../model/lock.ts';
import type { PathsView } from '../model/views.ts';
import { describeWorkspaceProblem } from '../engine/observe.ts';
import type { CommandContext } from './context.ts';
import { holdingProject } from './hold-project.ts';
import { readProject } from './load-workload.ts';

/** `avian checkout [stage|group|path…]`: makes the workspace hold what pipeline.lock names; all of it by default. */
export async function checkout(
  options: { readonly targets: readonly string[] },
  context: CommandContext,
): Promise<Result<PathsView, Problem>> {
  const { ports } = context;
  return holdingProject(context, async () => {
    const lock = await ports.lock.read();
    if (!lock.ok) return lock;
    // Where pipeline.yaml cannot be read, copies do as well.
    const project = await readProject([], context);
    const pipeline = project.ok ? project.value.pipeline : undefined;
    const locked = everythingIn(lock.value, linksIn(pipeline?.stages ?? []));
    const wanted = select(locked, options.targets);
    if (!wanted.ok) return wanted;
    const restored = await restoreAll(wanted.value, ports, pipeline?.remotes !== undefined);
    if (restored.ok) warnOfConflicts(lock.value, wanted.value, ports);
    return restored;
  });
}

/** What pipeline.lock names at a path. */
export interface Locked extends Pinned {
  /** How the out is declared to lie in the workspace. */
  readonly link?: LinkKind;
  /** Fetched by `avian import-url`. */
  readonly isImported?: true;
}

/**
 * Makes the workspace hold these; what the cache does not have is told at the end, after all others.
 * @param seen what lay at some of the paths a moment ago
 */
export async function restoreAll(
  wanted: readonly Locked[],
  ports: Pick<CommandContext['ports'], 'workspace'>,
  hasRemote = false,
  seen: ReadonlyMap<string, Artifact> = new Map(),
): Promise<Result<PathsView, Problem>> {
  const restored: PathsView['paths'][number][] = [];
  const missing: Locked[] = [];
  for (const each of wanted) {
    const { path, ref } = each;
    const there = seen.get(path) ?? (await contentAt(path, ports));
    if (there !== undefined && sameContent(toRef(there), ref)) continue;
    // Not asked whether the cache has all of it: that would be as many looks as there are files, and
    // a restore that meets a missing object leaves everything as it was.
    const done = await ports.workspace.restore(path, ref, each.link);
    if (!done.ok) {
      if (done.error.kind === 'object-missing') {
        missing.push(each);
        continue;
      }
      const kind = done.error.kind === 'object-corrupt' ? 'corruption' : 'stage';
      return err(problem(kind, 'checkout/failed', describeWorkspaceProblem(done.error)));
    }
    restored.push({
      path,
      done: 'restored',
      ...ref,
      ...(done.value.kept !== undefined && { kept: done.value.kept }),
    });
  }
  if (missing.length > 0) return err(notInCache(missing, restored.length, hasRemote));
  return ok({ paths: restored });
}

/** What lies there; undefined too where it cannot be told. */
export async function contentAt(
  path: RepoPath,
  { workspace }: Pick<CommandContext['ports'], 'workspace'>,
): Promise<Artifact | undefined> {
  const there = await workspace.digest(path);
  return there.ok ? there.value : undefined;
}

/** What this branch had lies there now; that it is one of several is not to be forgotten over it. */
function warnOfConflicts(
  lock: PipelineLock,
  wanted: readonly Locked[],
  { emit }: Pick<CommandContext['ports'], 'emit'>,
): void {
  const conflicting = wanted.flatMap(({ path, stage }) => {
    const name = stage ?? path;
    const entry = stage === undefined ? lock.sources[path] : lock.stages[stage];
    return entry?.conflict === undefined ? [] : [name];
  });
  for (const name of new Set(conflicting)) {
    const diagnostic = {
      severity: 'warning',
      code: 'lock/branches-differ',
      message: `two branches changed ${name}; what this one had lies in the workspace`,
      hint: `avian checkout --theirs ${name} takes the other, --ours keeps this one`,
    } as const;
    emit({ type: 'diagnostic', diagnostic });
  }
}

/** Outs that are to lie in the workspace as links. */
export const linksIn = (stages: readonly Stage[]): ReadonlyMap<string, LinkKind> =>
  new Map(
    stages.flatMap(({ outs }) =>
      outs.flatMap(({ path, link }) => (link === undefined ? [] : [[path, link]])),
    ),
  );

const everythingIn = (
  lock: PipelineLock,
  links: ReadonlyMap<string, LinkKind>,
): readonly Locked[] =>
  pinnedIn(lock).map((pinned) => {
    const { path, stage } = pinned;
    const link = stage === undefined ? undefined : links.get(path);
    const isImported = stage === undefined && lock.sources[path]?.from !== undefined;
    return {
      ...pinned,
      ...(link !== undefined && { link }),
      ...(isImported && { isImported: true as const }),
    };
  });

function select(
  locked: readonly Locked[],
  targets: readonly string[],
): Result<readonly Locked[], Problem> {
  if (targets.length === 0) return ok(locked);
  const chosen: Locked[] = [];
  for (const target of targets) {
    const path = parseRepoPath(target);
    const found = locked.filter(
      ({ stage, path: own }) =>
        stage === target ||
        (stage !== undefined && groupOf(stage) === target) ||
        (path !== undefined && contains(path, own)),
    );
    if (found.length === 0) {
      return err(
        problem(
          'usage',
          'checkout/unknown-target',
          `pipeline.lock names nothing at \`${target}\``,
          'give a stage, or a path that a stage writes or that was added',
        ),
      );
    }
    chosen.push(...found);
  }
  return ok([...new Set(chosen)]);
}

function notInCache(missing: readonly Locked[], restored: number, hasRemote: boolean): Problem {
  const names = (of: readonly Locked[]): string => of.map(({ path }) => path).join(', ');
  const imported = missing.filter(({ isImported }) => isImported);
  const hints = [
    ...(hasRemote ? ['`avian pull` brings what the remote has'] : []),
    ...(imported.length > 0
      ? [`\`avian update ${imported.map(({ path }) => path).join(' ')}\` fetches what was imported`]
      : []),
    ...(missing.length > imported.length ? ['`avian repro` makes outs again'] : []),
  ];
  return problem(
    'stage',
    'checkout/not-in-cache',
    `the cache does not have ${names(missing)}${restored > 0 ? ` (${restored} others were restored)` : ''}`,
    hints.join('; '),
  );
}
