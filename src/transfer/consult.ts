import { problem } from '../model/diagnostic.ts';
import { isJsonObject, type JsonValue } from '../model/json.ts';
import type { Segment } from '../model/remote.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { BucketEntry, Content } from '../ports/bucket.ts';
import {
  BLOBS,
  CONDEMNED,
  FORMAT,
  INDEX,
  isSegmentName,
  MARKER,
  MARKER_TEXT,
  PACKS,
  segmentName,
} from './layout.ts';
import { decodeGcList, type GcList } from './gc-list.ts';
import { failure, orThrow } from './problems.ts';
import { decodeSegment } from './segment.ts';
import { inParallel, quietCall, type Tools } from './tools.ts';

/** Segments are read whole; what is larger was not written by us. */
export const LARGEST_TEXT = 512 * 1024 * 1024;
/** Somebody who changes the remote that often while it is read is not a gc. */
const MOST_LISTINGS = 5;

type Consulting = Pick<Tools, 'bucket' | 'index' | 'ports' | 'jobs' | 'signal' | 'onBad'>;

/** Whether something was ever pushed here. Throws for a layout that is newer than this avian. */
export async function readMarker(tools: Consulting): Promise<'there' | 'absent'> {
  const { bucket } = tools;
  const text = await readText(MARKER, 4096, tools);
  if (text === undefined) return 'absent';
  const version = parseJson(text)?.['avian-remote'];
  if (version === FORMAT) return 'there';
  if (typeof version === 'number' && version > FORMAT) {
    const message = `${bucket.url} was written by a newer avian (layout ${version}, this one knows ${FORMAT})`;
    throw new ProblemError(
      problem('remote', 'remote/newer', message, 'use that avian, or a later one'),
    );
  }
  const message = `${bucket.url}/${MARKER} is not avian's`;
  throw new ProblemError(
    problem('remote', 'remote/foreign', message, 'give the remote a prefix of its own'),
  );
}

/** Makes the marker where there is none. */
export async function writeMarker(tools: Consulting): Promise<void> {
  const made = await tools.bucket.create(
    MARKER,
    bytesContent(Buffer.from(MARKER_TEXT)),
    quietCall(tools),
  );
  if (!made.ok && made.error.kind === 'exists') return;
  orThrow(made, tools.bucket.url);
}

/** Every name that some gc condemned. */
export async function readCondemned(tools: Consulting): Promise<ReadonlySet<string>> {
  const { index } = tools;
  const lists = await readLists(tools, {
    known: (name) => index.condemned(name),
    read: async (name, text) => {
      const names = decodeGcList(text)?.condemned;
      if (names === undefined) throw badList(name, tools);
      await index.rememberCondemned(name, names);
      return names;
    },
  });
  return new Set([...lists.values()].flat());
}

/** The lists of gcs whole, by name. */
export const readGcLists = (tools: Consulting): Promise<ReadonlyMap<string, GcList>> =>
  readLists<GcList>(tools, {
    known: () => Promise.resolve(undefined),
    read: async (name, text) => {
      const list = decodeGcList(text);
      if (list === undefined && tools.onBad === undefined) throw badList(name, tools);
      if (list === undefined) tools.onBad?.(name, 'it is no list of a gc');
      return list ?? { at: new Date(0).toISOString(), by: '', final: false, condemned: [] };
    },
  });

/** A list that goes while it is read was replaced by another, so all are listed once more. */
async function readLists<T extends object>(
  tools: Consulting,
  how: {
    readonly known: (name: string) => Promise<T | undefined>;
    readonly read: (name: string, text: string) => Promise<T>;
  },
): Promise<ReadonlyMap<string, T>> {
  const { bucket } = tools;
  for (let time = 0; time < MOST_LISTINGS; time++) {
    const listed = orThrow(await bucket.list(CONDEMNED, quietCall(tools)), bucket.url);
    const lists = new Map<string, T>();
    for (const { name } of listed) {
      const known = await how.known(name);
      const text = known === undefined ? await readText(name, LARGEST_TEXT, tools) : undefined;
      const list = known ?? (text === undefined ? undefined : await how.read(name, text));
      if (list === undefined) break;
      lists.set(name, list);
    }
    if (lists.size === listed.length) return lists;
  }
  throw moving('list of gcs', bucket.url);
}

const badList = (name: string, { bucket }: Consulting): ProblemError =>
  new ProblemError(
    problem(
      'remote',
      'remote/bad-gc-list',
      `${bucket.url}/${name} is no list of a gc`,
      '`avian fsck --remote --repair` takes it away',
    ),
  );

const moving = (what: string, url: string): ProblemError =>
  new ProblemError(
    problem(
      'remote',
      'remote/moving',
      `the ${what} of ${url} changes while it is read`,
      'run it again when the gc that is at work there has ended',
    ),
  );

/**
 * Brings the remembered index up to what the remote has: one listing, and each segment that is
 * new. Returns the live segments.
 */
export const readIndex = async (tools: Consulting): Promise<readonly BucketEntry[]> =>
  (await readSegments(tools)).live;

/** The segments that none supersedes, and those that may be deleted since one does. */
export interface Segments {
  readonly live: readonly BucketEntry[];
  readonly superseded: readonly BucketEntry[];
}

export async function readSegments(tools: Consulting): Promise<Segments> {
  // A segment that went between the listing and its reading: a gc is at work, so look once more.
  for (let time = 0; time < MOST_LISTINGS; time++) {
    const segments = await tryToReadIndex(tools);
    if (segments !== undefined) return segments;
  }
  throw moving('index', tools.bucket.url);
}

async function tryToReadIndex(tools: Consulting): Promise<Segments | undefined> {
  const { bucket, index } = tools;
  const listed = orThrow(await bucket.list(INDEX, quietCall(tools)), bucket.url).filter(
    ({ name }) => isSegmentName(name),
  );
  const there = new Set(listed.map(({ name }) => name));
  const known = new Map(await index.segments());
  await index.forget([...known.keys()].filter((name) => !there.has(name)));
  const superseded = new Set<string>();
  for (const [name, names] of known)
    if (there.has(name)) names.forEach((each) => superseded.add(each));
  // Largest first: one that took over others is larger than each, and they need not be read then.
  const waiting = listed.filter(({ name }) => !known.has(name)).sort((a, b) => b.size - a.size);
  const gone: string[] = [];
  while (waiting.length > 0) {
    const wave = waiting.splice(0, tools.jobs).filter(({ name }) => !superseded.has(name));
    await inParallel(wave, tools, async ({ name, size }) => {
      const text = await readText(name, Math.min(size, LARGEST_TEXT), tools);
      if (text === undefined) {
        gone.push(name);
        return;
      }
      const segment = checkedSegment(name, text, tools);
      if (segment === undefined) return;
      await index.learn(name, segment);
      segment.supersedes.forEach((each) => superseded.add(each));
    });
  }
  if (gone.length > 0) return undefined;
  // What was superseded may name what is gone, or be wrong where a repair replaced it.
  await index.forget([...known.keys()].filter((name) => superseded.has(name)));
  return {
    live: listed.filter(({ name }) => !superseded.has(name)),
    superseded: listed.filter(({ name }) => superseded.has(name)),
  };
}

function checkedSegment(
  name: string,
  text: string,
  { bucket, ports, onBad }: Consulting,
): Segment | undefined {
  const segment = decodeSegment(text);
  if (segment.ok && segmentName(ports.hash(text)) === name) return segment.value;
  const why = segment.ok ? 'its bytes do not have the digest in its name' : segment.error;
  if (onBad !== undefined) {
    onBad(name, why);
    return undefined;
  }
  throw new ProblemError(
    problem(
      'corruption',
      'remote/bad-index',
      `${bucket.url}/${name} cannot be trusted: ${why}`,
      '`avian fsck --remote --repair` makes it again from what it names',
    ),
  );
}

/** Packs and large blobs, named by the index or not. */
export async function listHolders({
  bucket,
  signal,
}: Pick<Consulting, 'bucket' | 'signal'>): Promise<readonly BucketEntry[]> {
  const lists = await Promise.all(
    [PACKS, BLOBS].map((prefix) => bucket.list(prefix, quietCall({ signal }))),
  );
  return lists.flatMap((listed) => orThrow(listed, bucket.url));
}

/** Wrong bytes are asked for so often, in case that they went wrong on their way. */
const READS = 3;

/** A small object's text; undefined when it is not there. */
export async function readText(
  name: string,
  most: number,
  tools: Consulting,
): Promise<string | undefined> {
  for (let time = 1; ; time++) {
    const pieces: Uint8Array[] = [];
    let size = 0;
    const read = await tools.bucket.read(
      name,
      { from: 0 },
      (piece) => {
        size += piece.length;
        if (size > most) {
          const message = `${tools.bucket.url}/${name} is larger than it should be`;
          throw new ProblemError(problem('corruption', 'remote/too-large', message));
        }
        // A view of a buffer that its owner may use again.
        pieces.push(Uint8Array.from(piece));
      },
      quietCall(tools),
    );
    if (read.ok) return Buffer.concat(pieces).toString('utf8');
    if (read.error.kind === 'not-found') return undefined;
    if (read.error.kind !== 'corrupt' || time === READS)
      throw failure(read.error, tools.bucket.url);
  }
}

/** @param before called at every try to send it; may throw */
export function bytesContent(bytes: Uint8Array, before?: () => void): Content {
  return {
    size: bytes.length,
    async *read(from: number, to: number): AsyncIterable<Uint8Array> {
      before?.();
      yield bytes.subarray(from, to);
    },
  };
}

function parseJson(text: string): { readonly [key: string]: JsonValue } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
