import { contains, parseRepoPath, type RepoPath, type StageName } from '../model/names.ts';
import { sideOf, type LockedSource, type LockedStage, type PipelineLock } from '../model/lock.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, type Result } from '../model/result.ts';
import type { PathsView } from '../model/views.ts';
import { restoreAll, type Locked } from './checkout.ts';
import type { CommandContext } from './context.ts';
import { holdingProject } from './hold-project.ts';

export interface ChooseSideOptions {
  readonly side: 'ours' | 'theirs';
  /** Stages, sources or paths; everything that branches changed apart when empty. */
  readonly targets: readonly string[];
}

type Conflict =
  | { readonly kind: 'stage'; readonly name: StageName; readonly entry: LockedStage }
  | { readonly kind: 'source'; readonly name: RepoPath; readonly entry: LockedSource };

/** `avian checkout --ours|--theirs`: settles what branches changed apart by taking one side whole, in workspace and lock. */
export function chooseSide(
  { side, targets }: ChooseSideOptions,
  context: CommandContext,
): Promise<Result<PathsView, Problem>> {
  const { ports } = context;
  return holdingProject(context, async () => {
    const lock = await ports.lock.read();
    if (!lock.ok) return lock;
    const conflicts = conflictsIn(lock.value).filter((conflict) => isMeant(conflict, targets));
    if (conflicts.length === 0) return err(noConflict(targets));
    const chosen = conflicts.map((conflict) => chosenOf(conflict, side));
    const unclear = conflicts.filter((_, index) => chosen[index] === undefined);
    if (unclear.length > 0) return err(manySides(unclear.map(({ name }) => name)));

    // Files before the lock: killed in between, the conflict is still told and the choice can be made again.
    const settled = chosen.flatMap((choice) => choice ?? []);
    const restored = await restoreAll(
      settled.flatMap(({ outs }) => outs),
      ports,
    );
    if (!restored.ok) return restored;
    for (const { settle } of settled) await settle(ports);
    await ports.lock.flush();
    return restored;
  });
}

interface Choice {
  readonly outs: readonly Locked[];
  readonly settle: (ports: Pick<CommandContext['ports'], 'lock'>) => Promise<void>;
}

function chosenOf(conflict: Conflict, side: 'ours' | 'theirs'): Choice | undefined {
  const { name } = conflict;
  if (conflict.kind === 'source') {
    const ref = sideOf(conflict.entry, side);
    return (
      ref && {
        outs: [
          {
            path: conflict.name,
            ref,
            ...(ref.from !== undefined && { isImported: true as const }),
          },
        ],
        settle: ({ lock }) => lock.setSource(conflict.name, ref),
      }
    );
  }
  const entry = sideOf(conflict.entry, side);
  if (entry === undefined) return undefined;
  const outs = Object.entries(entry.outs).map(([path, ref]) => ({ path: path as RepoPath, ref }));
  return { outs, settle: ({ lock }) => lock.setStage(name as StageName, entry) };
}

function conflictsIn({ sources, stages }: PipelineLock): readonly Conflict[] {
  return [
    ...Object.entries(sources).map(([name, entry]): Conflict => ({
      kind: 'source',
      name: name as RepoPath,
      entry,
    })),
    ...Object.entries(stages).map(([name, entry]): Conflict => ({
      kind: 'stage',
      name: name as StageName,
      entry,
    })),
  ].filter(({ entry }) => entry.conflict !== undefined);
}

const isMeant = (conflict: Conflict, targets: readonly string[]): boolean =>
  targets.length === 0 ||
  targets.some((target) => {
    if (conflict.name === target) return true;
    const path = parseRepoPath(target);
    const paths = conflict.kind === 'source' ? [conflict.name] : Object.keys(conflict.entry.outs);
    return path !== undefined && paths.some((own) => contains(path, own as RepoPath));
  });

const noConflict = (targets: readonly string[]): Problem =>
  problem(
    'usage',
    'checkout/no-conflict',
    `no two branches changed ${targets.length === 0 ? 'anything in pipeline.lock' : targets.join(', ')} apart`,
    '`avian checkout` without --ours or --theirs restores what pipeline.lock names',
  );

const manySides = (names: readonly string[]): Problem =>
  problem(
    'usage',
    'checkout/many-sides',
    `more than two branches changed ${names.join(', ')}, so --theirs is not one of them`,
    '`avian repro` runs stages again; `avian add` takes what lies there for a source',
  );
