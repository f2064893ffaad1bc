import type { FsckView, RemoteFsckView } from '../model/care-views.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { PipelineLock } from '../model/lock.ts';
import type { Digest, RepoPath } from '../model/names.ts';
import { ok, type Result } from '../model/result.ts';
import type { ObjectStore, StoredObject } from '../ports/object-store.ts';
import { checkRemote } from '../transfer/check.ts';
import { isRight } from '../transfer/copy.ts';
import { healFrom } from '../transfer/heal.ts';
import { holdingProject } from './hold-project.ts';
import { readRemoteProject, transferPorts, type RemoteContext } from './remote-context.ts';

export interface FsckOptions {
  readonly repair: boolean;
  /** The remote that heals, or is checked. */
  readonly remote: string | undefined;
  readonly jobs: number;
}

export interface FsckContext extends RemoteContext {
  readonly store: ObjectStore;
}

/** `avian fsck --remote`: reads all of a remote; heals it from the cache. */
export async function fsckRemote(
  { repair, remote, jobs }: FsckOptions,
  context: RemoteContext,
): Promise<Result<RemoteFsckView, Problem>> {
  const project = await readRemoteProject(remote, context);
  if (!project.ok) return project;
  const found = await checkRemote(
    repair,
    await context.connect(project.value.remote),
    transferPorts(context),
    { jobs, signal: context.signal },
  );
  if (!found.ok) return found;
  return ok({ remote: project.value.remote, repair, ...found.value });
}

/** `avian fsck`: reads all of the cache; heals it from a remote. */
export async function fsck(
  options: FsckOptions,
  context: FsckContext,
): Promise<Result<FsckView, Problem>> {
  return options.repair
    ? holdingProject(context, () => check(options, context))
    : check(options, context);
}

async function check(
  options: FsckOptions,
  context: FsckContext,
): Promise<Result<FsckView, Problem>> {
  const { store, ports, objects } = context;
  const lock = await ports.lock.read();
  if (!lock.ok) return lock;
  const stored = await store.list();
  const wrong = await wrongAmong(stored, context);
  if (options.repair) for (const digest of wrong) objects.setAside(digest);
  const healed = new Set<Digest>();
  let because: string | undefined;
  const damaged = async (): Promise<readonly Digest[]> => {
    const sound = [...(await store.list()).keys()].filter(
      (digest) => !wrong.has(digest) || healed.has(digest),
    );
    return (await store.reach(sound, new Set())).missing;
  };
  const missing = new Set((await damaged()).filter((digest) => !wrong.has(digest)));
  const known = new Set([...wrong, ...missing]);
  // A directory that comes back may name more that is gone.
  for (let open = [...known]; options.repair && open.length > 0;) {
    const came = await heal(open, options, context);
    if (!came.ok) {
      because = came.error.diagnostics[0]?.message ?? 'the remote could not be asked';
      break;
    }
    for (const digest of came.value) healed.add(digest);
    if (came.value.size === 0) break;
    open = (await damaged()).filter((digest) => !healed.has(digest));
    for (const digest of open) if (!wrong.has(digest)) missing.add(digest);
  }
  return ok({
    ...{ repair: options.repair, objects: stored.size, wrong: [...wrong], missing: [...missing] },
    bytes: [...stored.values()].reduce((sum, { size }) => sum + size, 0),
    healed: [...healed],
    ...(because !== undefined && { unhealedBecause: because }),
    absent: await absentPaths(lock.value, context),
    runs: await restorableRuns(context),
  });
}

async function wrongAmong(
  stored: ReadonlyMap<Digest, StoredObject>,
  { ports, objects, signal }: FsckContext,
): Promise<ReadonlySet<Digest>> {
  const wrong = new Set<Digest>();
  let [files, bytes, toldAt] = [0, 0, ports.clock.monotonic()];
  for (const [digest, { size }] of stored) {
    signal.throwIfAborted();
    if (!(await isRight({ digest, size }, { objects }))) wrong.add(digest);
    files += 1;
    bytes += size;
    if (ports.clock.monotonic() - toldAt < 500) continue;
    toldAt = ports.clock.monotonic();
    const path = 'cache/v1/objects' as RepoPath;
    ports.emit({ type: 'progress', phase: 'digesting', path, files, bytes });
  }
  return wrong;
}

async function heal(
  digests: readonly Digest[],
  { remote, jobs }: FsckOptions,
  context: FsckContext,
): Promise<Result<ReadonlySet<Digest>, Problem>> {
  const project = await readRemoteProject(remote, context);
  if (!project.ok) return project;
  const opened = await context.connect(project.value.remote);
  return healFrom(digests, opened, transferPorts(context), { jobs, signal: context.signal });
}

async function absentPaths(
  { sources, stages }: PipelineLock,
  { store }: FsckContext,
): Promise<readonly string[]> {
  const refs = [
    ...Object.entries(sources),
    ...Object.values(stages).flatMap(({ outs }) => Object.entries(outs)),
  ];
  const absent: string[] = [];
  for (const [path, { digest }] of refs) {
    if ((await store.reach([digest], new Set())).missing.length > 0) absent.push(path);
  }
  return absent;
}

async function restorableRuns({ ports, store }: FsckContext): Promise<FsckView['runs']> {
  const traces = await ports.runs.traces();
  const stored = await store.list();
  const isHere = ({ outs }: (typeof traces)[number]): boolean =>
    Object.values(outs).every(({ digest }) => stored.has(digest));
  return { known: traces.length, restorable: traces.filter(isHere).length };
}
