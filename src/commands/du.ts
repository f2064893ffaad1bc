import type { Problem } from '../model/diagnostic.ts';
import {
  overlap,
  parseRepoPath,
  type Digest,
  type RepoPath,
  type StageName,
} from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import { problem } from '../model/diagnostic.ts';
import type { Amount, DuView } from '../model/space-views.ts';
import type { StoredObject } from '../ports/object-store.ts';
import type { SpaceContext } from './gc.ts';

/** Who names an object. */
type Owner =
  | { readonly kind: 'stage'; readonly stage: StageName }
  | { readonly kind: 'source'; readonly path: RepoPath };

/** `avian du [path…]`: what takes the space, by stat and trees alone; takes no lock, writes nothing. */
export async function du(
  options: { readonly paths: readonly string[] },
  context: Pick<SpaceContext, 'ports' | 'store'>,
): Promise<Result<DuView, Problem>> {
  const { ports, store } = context;
  const lock = await ports.lock.read();
  if (!lock.ok) return lock;
  const paths: RepoPath[] = [];
  for (const text of options.paths) {
    const path = parseRepoPath(text);
    if (path === undefined) return err(outside(text));
    paths.push(path);
  }
  const isWanted = (path: RepoPath): boolean =>
    paths.length === 0 || paths.some((wanted) => overlap(wanted, path));

  const roots = new Map<string, { readonly owner: Owner; readonly digests: Set<Digest> }>();
  const name = (owner: Owner, digest: Digest): void => {
    const key = owner.kind === 'stage' ? `stage ${owner.stage}` : `source ${owner.path}`;
    const known = roots.get(key) ?? { owner, digests: new Set() };
    known.digests.add(digest);
    roots.set(key, known);
  };
  for (const [path, { digest }] of Object.entries(lock.value.sources)) {
    if (isWanted(path as RepoPath)) name({ kind: 'source', path: path as RepoPath }, digest);
  }
  const stagesOf = new Map<RepoPath, StageName>();
  const nameOuts = (stage: StageName, outs: { readonly [path: string]: { digest: Digest } }) => {
    for (const [path, { digest }] of Object.entries(outs)) {
      if (isWanted(path as RepoPath)) name({ kind: 'stage', stage }, digest);
    }
  };
  for (const [stage, { outs }] of Object.entries(lock.value.stages)) {
    for (const path of Object.keys(outs)) stagesOf.set(path as RepoPath, stage as StageName);
    nameOuts(stage as StageName, outs);
  }
  for (const { stage, outs } of await ports.runs.traces()) nameOuts(stage, outs);

  const stored = await store.list();
  const owned = await ownership([...roots.values()], store);
  const trash = await store.trash();
  const usage = await store.usage();
  const places = [...(Object.keys(lock.value.sources) as RepoPath[]), ...stagesOf.keys()];
  const workspace = places.filter(isWanted).map((path) => ({
    path,
    stage: stagesOf.get(path),
  }));
  return ok({
    ...tally(
      stored,
      owned,
      [...roots.values()].map(({ owner }) => owner),
      paths.length > 0,
    ),
    trash: {
      ids: trash.map(({ id }) => id),
      bytes: trash.reduce((total, { bytes }) => total + bytes, 0),
    },
    parts: Object.entries(usage).map(([part, amount]) => ({ part, ...amount })),
    workspace: await Promise.all(
      workspace.map(async ({ path, stage }) => ({
        path,
        ...(stage !== undefined && { stage }),
        ...(await store.sizeInWorkspace(path)),
      })),
    ),
  });
}

/** By object, the index of the one owner that names it, or `shared`. */
async function ownership(
  roots: readonly { readonly digests: ReadonlySet<Digest> }[],
  store: SpaceContext['store'],
): Promise<ReadonlyMap<Digest, number | 'shared'>> {
  const owned = new Map<Digest, number | 'shared'>();
  for (const [index, { digests }] of roots.entries()) {
    const reached = new Set<Digest>();
    await store.reach(digests, reached);
    for (const digest of reached) owned.set(digest, owned.has(digest) ? 'shared' : index);
  }
  return owned;
}

function tally(
  stored: ReadonlyMap<Digest, StoredObject>,
  owned: ReadonlyMap<Digest, number | 'shared'>,
  owners: readonly Owner[],
  isPart: boolean,
): Pick<DuView, 'objects' | 'stages' | 'sources' | 'shared' | 'unreferenced'> {
  const amounts = owners.map(() => new Count());
  const [all, shared, unreferenced] = [new Count(), new Count(), new Count()];
  for (const [digest, { size }] of stored) {
    const owner = owned.get(digest);
    // Asked about some paths, what those do not name is nobody's business.
    if (owner === undefined && isPart) continue;
    all.add(size);
    if (owner === undefined) unreferenced.add(size);
    else if (owner === 'shared') shared.add(size);
    else amounts[owner]?.add(size);
  }
  const rows = owners.map((owner, index) => ({ owner, ...(amounts[index] ?? new Count()).amount }));
  rows.sort((a, b) => b.bytes - a.bytes);
  return {
    objects: all.amount,
    stages: rows.flatMap(({ owner, ...amount }) =>
      owner.kind === 'stage' ? [{ stage: owner.stage, ...amount }] : [],
    ),
    sources: rows.flatMap(({ owner, ...amount }) =>
      owner.kind === 'source' ? [{ path: owner.path, ...amount }] : [],
    ),
    shared: shared.amount,
    unreferenced: unreferenced.amount,
  };
}

class Count {
  #objects = 0;
  #bytes = 0;

  add(bytes: number): void {
    this.#objects += 1;
    this.#bytes += bytes;
  }

  get amount(): Amount {
    return { objects: this.#objects, bytes: this.#bytes };
  }
}

const outside = (text: string): Problem =>
  problem('usage', 'du/outside', `\`${text}\` is not inside the project`);
