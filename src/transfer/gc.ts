import type { Pile } from '../model/care-views.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Digest } from '../model/names.ts';
import type { Result } from '../model/result.ts';
import { takeCensus, type Census, type NamedRoot } from './census.ts';
import { bytesContent } from './consult.ts';
import { copyObjects } from './copy.ts';
import { encodeGcList } from './gc-list.ts';
import { planGc, type GcPlan } from './gc-plan.ts';
import { CONDEMNED, GRACE, ROOTS } from './layout.ts';
import type { Look } from './look.ts';
import { needsOf, UnknownTree } from './needs.ts';
import { orThrow } from './problems.ts';
import { HolderGone, lookingAgain } from './receive.ts';
import { receiveRuns } from './receive-runs.ts';
import { rewriteIndex } from './rewrite-index.ts';
import {
  inParallel,
  withTools,
  quietCall,
  type OpenRemote,
  type Tools,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';

export interface RemoteGcRequest {
  /** Beginnings of commits or of roots' ids: those roots are given up. */
  readonly drop: readonly string[];
  /** Roots that were pushed longer ago are given up as well, but never the newest. Milliseconds. */
  readonly dropOlderThan?: number;
  /** Says what would go, and changes nothing. */
  readonly dry: boolean;
  /** What is needed whatever roots say; asked after the remote's run records have come. */
  readonly keep: () => Promise<readonly Digest[]>;
  readonly by: string;
}

/** What a gc found and did; with `dry` what it would do. Bytes are those of the bucket's objects. */
export interface RemoteGcFacts {
  readonly kept: readonly NamedRoot[];
  readonly dropped: readonly NamedRoot[];
  /** Packs and blobs that stay, with how much of them is needed. */
  readonly staying: GcPlan['staying'];
  /** Condemned just now. */
  readonly condemned: Pile;
  /** Condemned by an earlier gc, and in its grace until then (milliseconds since 1970). */
  readonly waiting: readonly (Pile & { readonly until: number })[];
  readonly deleted: Pile;
  /** Needed objects that were copied out of what goes. */
  readonly moved: { readonly objects: number; readonly bytes: number };
  /** Objects that roots promise and that lie nowhere. */
  readonly lost: readonly Digest[];
}

/** Takes out of a remote what nothing needs, in two steps a grace apart. Safe beside pushes, pulls and other gcs. */
export async function collectRemote(
  request: RemoteGcRequest,
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Result<RemoteGcFacts, Problem>> {
  return withTools('push', remote, ports, options, (tools) =>
    // Before the first copy is named nothing has changed, so that all of it may be done again.
    lookingAgain(tools, (there) => collectWith(request, tools, there === undefined)),
  );
}

async function collectWith(
  request: RemoteGcRequest,
  before: Tools,
  isFirstLook: boolean,
): Promise<RemoteGcFacts> {
  const census = await takeCensus(before);
  const tools = { ...before, there: new Set(census.stored.keys()) };
  tools.progress.phase('planning');
  // What colleagues have deployed is in their runs.
  await receiveRuns(tools);
  const chosen = chooseRoots(request, census, tools.ports.clock.now());
  const needs = await needsOf(chosen.kept, await request.keep(), tools).catch((error: unknown) => {
    // What another gc moves meanwhile looks as if it were lost: a second look tells.
    throw isFirstLook && error instanceof UnknownTree ? new HolderGone(error.tree) : error;
  });
  const plan = planGc(census, needs, chosen);
  const deleting = plan.final.concat(plan.ripe).flatMap(({ condemned }) => condemned);
  const moved = {
    objects: plan.move.length,
    bytes: plan.move.reduce((sum, { size }) => sum + size, 0),
  };
  if (!request.dry) await carryOut(plan, census, request.by, tools);
  return {
    ...{ kept: plan.kept, dropped: plan.dropped, staying: plan.staying, moved, lost: plan.lost },
    condemned: pileOf(plan.condemn, census),
    waiting: [...census.lists.values()]
      .map(({ at, condemned }) => ({ condemned, until: Date.parse(at) + GRACE }))
      .filter(({ until }) => until > census.look.at)
      .map(({ condemned, until }) => ({ ...pileOf(condemned, census), until }))
      .filter(({ names }) => names > 0),
    deleted: pileOf(deleting, census),
  };
}

function chooseRoots(
  { drop, dropOlderThan = Infinity }: RemoteGcRequest,
  { roots, look }: Census,
  now: number,
): Pick<GcPlan, 'kept' | 'dropped'> {
  const standing = roots.filter(({ name }) => !look.condemned.has(name));
  const means = (word: string, { name, commit }: NamedRoot): boolean =>
    commit?.startsWith(word) === true || name.startsWith(`${ROOTS}${word}`);
  for (const word of drop) {
    if (!standing.some((root) => means(word, root))) throw noSuchRoot(word);
  }
  const newest = Math.max(...standing.map(({ since }) => since));
  const isDropped = (root: NamedRoot): boolean =>
    (root.since < newest && now - root.since > dropOlderThan) ||
    drop.some((word) => means(word, root));
  return {
    kept: standing.filter((root) => !isDropped(root)),
    dropped: standing.filter(isDropped),
  };
}

/**
 * A kill between any two steps leaves the remote as valid as it was: copies and their segment first,
 * then what says that the old names are deleted, then the deleting, which the next gc goes on with.
 */
async function carryOut(plan: GcPlan, census: Census, by: string, tools: Tools): Promise<void> {
  const { look } = census;
  const deleting = [...plan.final, ...plan.ripe].flatMap(({ condemned }) => condemned);
  const copied = await copyObjects(plan.move, tools);
  if (copied.lost.length > 0) throw notCopied(copied.lost, tools.bucket.url);
  const isDead = new Set(deleting);
  const before = await rewriteIndex(
    {
      copies: copied.holders,
      correct: (holder) =>
        isDead.has(holder.name) || !census.stored.has(holder.name) ? undefined : holder,
    },
    census,
    tools,
  );
  tools.progress.phase('finishing');
  const ripe = plan.ripe.flatMap(({ condemned }) => condemned);
  if (ripe.length > 0) await writeList({ condemned: ripe, final: true, by }, look, tools);
  await removeAll(
    plan.ripe.map(({ name }) => name),
    look,
    tools,
  );
  // Segments go before what they name, so that whoever sees a holder gone sees the segment gone.
  await removeAll([...before, ...census.superseded.map(({ name }) => name)], look, tools);
  const isThere = (name: string): boolean =>
    census.stored.has(name) || census.roots.some((root) => root.name === name);
  await removeAll(deleting.filter(isThere), look, tools);
  await removeAll(plan.over, look, tools);
  if (plan.condemn.length > 0) {
    await writeList({ condemned: plan.condemn, final: false, by }, look, tools);
  }
}

async function writeList(
  list: { readonly condemned: readonly string[]; readonly final: boolean; readonly by: string },
  { ensureFresh }: Look,
  { bucket, ports, nonce, signal }: Tools,
): Promise<void> {
  const at = new Date(ports.clock.now()).toISOString();
  const name = `${CONDEMNED}${at.replaceAll(/[-:.]/g, '')}-${nonce()}.json`;
  const content = bytesContent(Buffer.from(encodeGcList({ ...list, at })), ensureFresh);
  const made = await bucket.create(name, content, quietCall({ signal }));
  // There already: our own, of which the answer was lost.
  if (made.ok || made.error.kind !== 'exists') orThrow(made, bucket.url);
}

/** Removes what is there; what another gc has removed already is as good. */
async function removeAll(
  names: readonly string[],
  { ensureFresh }: Look,
  tools: Tools,
): Promise<void> {
  const { bucket } = tools;
  await inParallel([...new Set(names)], tools, async (name) => {
    ensureFresh();
    const removed = await bucket.remove(name, quietCall(tools));
    if (removed.ok || removed.error.kind !== 'not-found') orThrow(removed, bucket.url);
  });
}

const pileOf = (names: readonly string[], { stored, roots }: Census): Pile => {
  const isRoot = new Set(roots.map(({ name }) => name));
  const there = [...new Set(names)].filter((name) => stored.has(name) || isRoot.has(name));
  return {
    names: there.length,
    bytes: there.reduce((sum, name) => sum + (stored.get(name)?.size ?? 0), 0),
  };
};

const noSuchRoot = (word: string): ProblemError =>
  new ProblemError(
    problem(
      'usage',
      'gc/no-such-root',
      `the remote keeps no commit and no root that begins with \`${word}\``,
      '`avian gc --remote` lists what it keeps',
    ),
  );

const notCopied = (lost: readonly Digest[], url: string): ProblemError =>
  new ProblemError(
    problem(
      'corruption',
      'remote/lost',
      `${url} has no right bytes of ${lost[0]}${lost.length > 1 ? ` and ${lost.length - 1} more` : ''}, which a commit needs`,
      'nothing was removed; where the cache has it: `avian fsck --remote --repair`',
    ),
  );
