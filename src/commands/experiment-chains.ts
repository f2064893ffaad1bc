import { byCodeUnit, canonicalJson } from '../model/json.ts';
import { contains, type Digest, type RepoPath, type StageName } from '../model/names.ts';
import type { DepInput, Run } from '../model/run.ts';
import type { Workspace } from '../ports/workspace.ts';

/** Runs that belong together, one a stage, producers first. */
export interface Chain {
  readonly runs: readonly Run[];
  /** The newest of those that have metrics. */
  readonly tip: Run;
}

/** More are no table that anybody reads. */
const MOST_CHAINS = 200;

type ByStage = ReadonlyMap<StageName, Run>;

/**
 * The chains that end in metrics, newest first. Each run is followed up to those whose outs it
 * read; what else was measured of the same (an evaluation and a quantisation of one model) joins it.
 */
export async function chainsOf(
  runs: readonly Run[],
  workspace: Pick<Workspace, 'entryOf'>,
): Promise<{ readonly chains: readonly Chain[]; readonly leftOut: number }> {
  const succeeded = runs.filter(({ ending }) => ending.kind === 'succeeded').sort(newestFirst);
  const ancestry = createAncestry(succeeded, workspace);
  const measured = succeeded.filter(hasMetrics);
  const closures = new Map<Run, ByStage>();
  for (const run of measured) closures.set(run, await ancestry(run));

  const inner = new Set(
    [...closures].flatMap(([run, all]) => [...all.values()].filter((each) => each !== run)),
  );
  const ends = measured.filter((run) => !inner.has(run));
  const chains = new Map<string, Chain>();
  for (const end of ends) {
    const chain = new Map(closures.get(end));
    for (const other of ends) {
      const closure = closures.get(other);
      if (chain.has(other.stage) || closure === undefined || !fits(chain, closure)) continue;
      for (const [stage, run] of closure) if (!chain.has(stage)) chain.set(stage, run);
    }
    const found = [...chain.values()].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
    const tip = found.findLast(hasMetrics) ?? end;
    // The same inputs with the same result, run once more, are nothing new.
    const key = found
      .map(({ stage, fingerprint, metrics }) => canonicalJson([stage, fingerprint, metrics]))
      .sort(byCodeUnit)
      .join();
    if (!chains.has(key)) chains.set(key, { runs: found, tip });
  }
  const all = [...chains.values()].sort((a, b) => newestFirst(a.tip, b.tip));
  return { chains: all.slice(0, MOST_CHAINS), leftOut: Math.max(0, all.length - MOST_CHAINS) };
}

const newestFirst = (a: Run, b: Run): number =>
  a.startedAt === b.startedAt ? 0 : a.startedAt < b.startedAt ? 1 : -1;

const hasMetrics = ({ metrics }: Run): boolean =>
  Object.values(metrics).some((values) => Object.keys(values).length > 0);

/** Whether two chains have something in common, and agree in all that they have in common. */
function fits(chain: ByStage, other: ByStage): boolean {
  const shared = [...other].filter(([stage]) => chain.has(stage));
  return shared.length > 0 && shared.every(([stage, run]) => sameOuts(chain.get(stage), run));
}

const sameOuts = (a: Run | undefined, b: Run): boolean =>
  a === b || canonicalJson(a?.outs ?? null) === canonicalJson(b.outs);

/** A run together with all that it was made from, by stage. */
function createAncestry(newest: readonly Run[], workspace: Pick<Workspace, 'entryOf'>) {
  const byDigest = new Map<Digest, Run[]>();
  for (const run of newest) {
    for (const { digest } of Object.values(run.outs)) {
      byDigest.set(digest, [...(byDigest.get(digest) ?? []), run]);
    }
  }
  const known = new Map<Run, Promise<ByStage>>();

  const producerOf = async (dep: DepInput, reader: Run): Promise<Run | undefined> => {
    const earlier = (run: Run): boolean => run !== reader && run.startedAt <= reader.startedAt;
    const whole = byDigest.get(dep.digest) ?? [];
    const own = whole.filter((run) => run.outs[dep.path]?.digest === dep.digest);
    const direct = own.find(earlier) ?? whole.find(earlier);
    if (direct !== undefined) return direct;
    // A file inside an out has no run under its own digest.
    for (const run of newest) {
      if (!earlier(run)) continue;
      for (const [out, ref] of Object.entries(run.outs)) {
        if (ref.files === undefined || out === dep.path) continue;
        if (!contains(out as RepoPath, dep.path)) continue;
        const entry = await workspace.entryOf(ref, dep.path.slice(out.length + 1));
        if (entry?.digest === dep.digest) return run;
      }
    }
    return undefined;
  };

  const ancestry = (run: Run): Promise<ByStage> => {
    const before = known.get(run);
    if (before !== undefined) return before;
    const found = (async () => {
      const all = new Map<StageName, Run>([[run.stage, run]]);
      for (const dep of run.input.deps) {
        const producer = await producerOf(dep, run);
        if (producer === undefined) continue;
        for (const [stage, each] of await ancestry(producer))
          if (!all.has(stage)) all.set(stage, each);
      }
      return all;
    })();
    known.set(run, found);
    return found;
  };
  return ancestry;
}
