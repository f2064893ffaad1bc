import { problem, type Problem } from '../model/diagnostic.ts';
import { attemptId, type Digest, type StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type {
  Amount,
  GcUndoView,
  GcView,
  KeptBy,
  LeftoverAmount,
  TrashAmount,
  Unneeded,
} from '../model/space-views.ts';
import type { Copies } from '../ports/copies.ts';
import type { Leftover, ObjectStore, StoredObject, TrashEntry } from '../ports/object-store.ts';
import type { RunTrace } from '../ports/run-log.ts';
import type { CommandContext } from './context.ts';
import { ROOT_SOURCES, type Retention, type RootInputs } from './gc-roots.ts';
import { holdingProject } from './hold-project.ts';

export interface GcOptions extends Retention {
  /** Say what would go, change nothing, take no lock. */
  readonly dry: boolean;
  /** Also what is not known to lie anywhere else. */
  readonly force: boolean;
  /** Remove all trash for good, this gc's too. */
  readonly emptyTrash: boolean;
}

export interface SpaceContext extends CommandContext {
  readonly store: ObjectStore;
  readonly copies: Copies;
}

const TRASH_DAYS = 7;
const DAY_MS = 86_400_000;

/** `avian gc`: what nothing needs goes to the trash, and old trash goes for good. */
export async function gc(
  options: GcOptions,
  context: SpaceContext,
): Promise<Result<GcView, Problem>> {
  if (options.dry) return collect(options, context);
  return holdingProject(context, () => collect(options, context));
}

/** `avian gc --undo [id]`: puts back what a gc took; the newest when no id is given. */
export async function undoGc(
  wanted: string | undefined,
  context: SpaceContext,
): Promise<Result<GcUndoView, Problem>> {
  return holdingProject(context, async () => {
    const entries = await context.store.trash();
    const entry = entries.findLast(({ id }) => wanted === undefined || id === wanted);
    if (entry === undefined) return err(notInTrash(wanted, entries));
    await context.store.undo(entry.id);
    const { id, objects, bytes, leftovers } = entry;
    return ok({ id, objects, bytes, leftovers });
  });
}

async function collect(
  options: GcOptions,
  context: SpaceContext,
): Promise<Result<GcView, Problem>> {
  const { ports, store } = context;
  const now = ports.clock.now();
  const lock = await ports.lock.read();
  if (!lock.ok) return lock;
  const traces = await ports.runs.traces();
  const stored = await store.list();
  const marked = await mark(
    { lock: lock.value, traces, retention: options, now, context },
    stored,
    store,
  );
  if (!marked.ok) return marked;
  const { kept, garbage, trashed } = marked.value;
  const owners = await ownersOf(garbage, traces, store);
  const cutoff = now - options.olderThanMs;
  const recent = [...garbage].filter(([digest, { at }]) => !owners.has(digest) && at > cutoff);
  for (const [digest] of recent) garbage.delete(digest);

  const old = (await store.leftovers()).filter(({ at }) => at <= cutoff);
  const choice = await choose([...garbage.keys()], options.force, context.copies);
  // What can be had again goes without being forced.
  const leftovers = options.force ? old : old.filter(({ kind }) => kind === 'partial');
  const going = sumOf(choice.going, garbage);
  const held = sumOf(choice.held, garbage);
  const moved = { ...going, bytes: going.bytes + bytesOf(leftovers) };
  const id = attemptId(now, context.ports.nonce());
  const isMoving = choice.going.length + leftovers.length > 0;
  const heldBytes = held.bytes + bytesOf(old.filter((each) => !leftovers.includes(each)));

  let emptied: readonly TrashEntry[] = [];
  if (!options.dry) {
    // First: what is needed again must not be in the trash that is emptied below.
    await store.bringBack(trashed);
    if (isMoving) await store.moveToTrash(id, now, { objects: choice.going, leftovers });
    const isOver = ({ at }: TrashEntry): boolean =>
      options.emptyTrash || now - at >= TRASH_DAYS * DAY_MS;
    emptied = (await store.trash()).filter(isOver);
    for (const entry of emptied) await store.empty(entry.id);
  }
  return ok({
    dry: options.dry,
    kept: [...kept, { by: 'recent', ...sum(recent.map(([, object]) => object)) }],
    unneeded: byStage(garbage, owners),
    leftovers: byKind(old),
    moved: { ...moved, ...(isMoving && !options.dry && { id }) },
    ...(heldBytes > 0 && {
      held: {
        ...{ why: choice.why, objects: held.objects, bytes: heldBytes },
        ...(choice.cause !== undefined && { cause: choice.cause }),
      },
    }),
    broughtBack: trashed.length,
    emptied: trashAmount(emptied),
    trash: trashAmount(await store.trash()),
    trashDays: TRASH_DAYS,
  });
}

interface Marked {
  readonly kept: readonly (Amount & { readonly by: KeptBy })[];
  /** What no root reaches. */
  readonly garbage: Map<Digest, StoredObject>;
  /** What a root reaches and only the trash has. */
  readonly trashed: readonly Digest[];
}

async function mark(
  inputs: RootInputs,
  stored: ReadonlyMap<Digest, StoredObject>,
  store: ObjectStore,
): Promise<Result<Marked, Problem>> {
  const garbage = new Map(stored);
  const kept: (Amount & { by: KeptBy })[] = [];
  const trashed: Digest[] = [];
  const reached = new Set<Digest>();
  for (const { by, digests } of ROOT_SOURCES) {
    const met = await store.reach(await digests(inputs), reached);
    const [corrupt] = met.corrupt;
    if (corrupt !== undefined) return err(corruptTree(corrupt, by));
    trashed.push(...met.trashed);
    const here: StoredObject[] = [];
    for (const digest of reached) {
      const object = garbage.get(digest);
      if (object !== undefined && garbage.delete(digest)) here.push(object);
    }
    kept.push({ by, ...sum(here) });
  }
  return ok({ kept, garbage, trashed });
}

/** The stage that wrote an object, by its newest run; objects that no run explains have none. */
async function ownersOf(
  garbage: ReadonlyMap<Digest, StoredObject>,
  traces: readonly RunTrace[],
  store: ObjectStore,
): Promise<ReadonlyMap<Digest, StageName>> {
  const owners = new Map<Digest, StageName>();
  if (garbage.size === 0) return owners;
  for (const [stage, runs] of Map.groupBy(traces, (run) => run.stage)) {
    const roots = runs.flatMap((run) => Object.values(run.outs).map(({ digest }) => digest));
    const reached = new Set<Digest>();
    await store.reach(
      roots.filter((digest) => garbage.has(digest)),
      reached,
    );
    for (const digest of reached) {
      if (garbage.has(digest) && !owners.has(digest)) owners.set(digest, stage);
    }
  }
  return owners;
}

/** Nothing goes without a verified copy elsewhere, unless it is forced. */
async function choose(
  candidates: readonly Digest[],
  force: boolean,
  copies: Copies,
): Promise<{
  readonly going: readonly Digest[];
  readonly held: readonly Digest[];
  readonly why: NonNullable<GcView['held']>['why'];
  readonly cause?: string;
}> {
  if (force || candidates.length === 0) return { going: candidates, held: [], why: 'no-copy' };
  const found = await copies.verified(candidates);
  if (found.kind === 'no-remote') return { going: [], held: candidates, why: 'no-remote' };
  if (found.kind === 'unreachable') {
    return { going: [], held: candidates, why: 'unreachable', cause: found.cause };
  }
  return {
    going: candidates.filter((digest) => found.digests.has(digest)),
    held: candidates.filter((digest) => !found.digests.has(digest)),
    why: 'no-copy',
  };
}

function byStage(
  garbage: ReadonlyMap<Digest, StoredObject>,
  owners: ReadonlyMap<Digest, StageName>,
): readonly Unneeded[] {
  const groups = Map.groupBy(garbage, ([digest]) => owners.get(digest));
  return [...groups]
    .map(([stage, members]): Unneeded => {
      const objects = members.map(([, object]) => object);
      let [newest, oldest] = [-Infinity, Infinity];
      for (const { at } of objects) {
        newest = Math.max(newest, at);
        oldest = Math.min(oldest, at);
      }
      return { ...(stage !== undefined && { stage }), ...sum(objects), newest, oldest };
    })
    .sort((a, b) => b.bytes - a.bytes);
}

const byKind = (leftovers: readonly Leftover[]): readonly LeftoverAmount[] =>
  [...Map.groupBy(leftovers, ({ kind }) => kind)].map(([kind, members]) => ({
    kind,
    count: members.length,
    bytes: bytesOf(members),
  }));

const bytesOf = (items: readonly { readonly bytes: number }[]): number =>
  items.reduce((total, { bytes }) => total + bytes, 0);

const sum = (objects: readonly StoredObject[]): Amount => ({
  objects: objects.length,
  bytes: objects.reduce((total, { size }) => total + size, 0),
});

const sumOf = (digests: readonly Digest[], stored: ReadonlyMap<Digest, StoredObject>): Amount =>
  sum(digests.flatMap((digest) => stored.get(digest) ?? []));

const trashAmount = (entries: readonly TrashEntry[]): TrashAmount => ({
  ids: entries.map(({ id }) => id),
  bytes: bytesOf(entries),
});

const corruptTree = (digest: Digest, by: KeptBy): Problem =>
  problem(
    'corruption',
    'gc/corrupt-tree',
    `the tree ${digest} is needed (${by}) and its bytes are wrong: what it names is not known`,
    `nothing was removed; move cache/v1/objects/${digest.slice(3, 5)}/${digest.slice(5)} away to count it as lost`,
  );

const notInTrash = (wanted: string | undefined, entries: readonly TrashEntry[]): Problem =>
  problem(
    'usage',
    'gc/not-in-trash',
    wanted === undefined ? 'the trash is empty' : `the trash has no \`${wanted}\``,
    entries.length === 0
      ? `avian gc keeps what it removes for ${TRASH_DAYS} days`
      : `it has: ${entries.map(({ id }) => id).join(', ')}`,
  );
