import { problem } from '../model/diagnostic.ts';
import { isJsonObject, type JsonValue } from '../model/json.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { BucketEntry, Content } from '../ports/bucket.ts';
import {
  CONDEMNED,
  FORMAT,
  INDEX,
  isSegmentName,
  MARKER,
  MARKER_TEXT,
  segmentName,
} from './layout.ts';
import { failure, orThrow } from './problems.ts';
import { decodeSegment } from './segment.ts';
import { inParallel, quietCall, type Tools } from './tools.ts';

/** Segments are read whole; what is larger was not written by us. */
const LARGEST_TEXT = 512 * 1024 * 1024;

type Consulting = Pick<Tools, 'bucket' | 'index' | 'ports' | 'jobs' | 'signal'>;

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
  const { bucket, index } = tools;
  const lists = orThrow(await bucket.list(CONDEMNED, quietCall(tools)), bucket.url);
  const condemned = new Set<string>();
  for (const { name } of lists) {
    const known = (await index.condemned(name)) ?? (await learnCondemned(name, tools));
    for (const each of known) condemned.add(each);
  }
  return condemned;
}

async function learnCondemned(list: string, tools: Consulting): Promise<readonly string[]> {
  const text = await readText(list, LARGEST_TEXT, tools);
  // The gc ended between two requests, and what it condemned is gone for good.
  if (text === undefined) return [];
  const names = parseJson(text)?.['condemned'];
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new ProblemError(
      problem('remote', 'remote/bad-gc-list', `${tools.bucket.url}/${list} is no list of a gc`),
    );
  }
  await tools.index.rememberCondemned(list, names);
  return names;
}

/**
 * Brings the remembered index up to what the remote has: one listing, and each segment that is
 * new. Returns the live segments.
 */
export async function readIndex(tools: Consulting): Promise<readonly BucketEntry[]> {
  const first = await tryToReadIndex(tools);
  // A segment that went between the listing and its reading: a gc is at work, so look once more.
  const live = first ?? (await tryToReadIndex(tools));
  if (live !== undefined) return live;
  throw new ProblemError(
    problem('remote', 'remote/moving', `the index of ${tools.bucket.url} changes while it is read`),
  );
}

async function tryToReadIndex(tools: Consulting): Promise<readonly BucketEntry[] | undefined> {
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
      await index.learn(name, segment);
      segment.supersedes.forEach((each) => superseded.add(each));
    });
  }
  if (gone.length > 0) return undefined;
  return listed.filter(({ name }) => !superseded.has(name));
}

function checkedSegment(name: string, text: string, { bucket, ports }: Consulting) {
  const segment = decodeSegment(text);
  if (segment.ok && segmentName(ports.hash(text)) === name) return segment.value;
  const why = segment.ok ? 'its bytes do not have the digest in its name' : segment.error;
  throw new ProblemError(
    problem('corruption', 'remote/bad-index', `${bucket.url}/${name} cannot be trusted: ${why}`),
  );
}

/** Wrong bytes are asked for so often, in case that they went wrong on their way. */
const READS = 3;

/** A small object's text; undefined when it is not there. */
async function readText(
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
        pieces.push(Buffer.from(piece));
      },
      quietCall(tools),
    );
    if (read.ok) return Buffer.concat(pieces).toString('utf8');
    if (read.error.kind === 'not-found') return undefined;
    if (read.error.kind !== 'corrupt' || time === READS)
      throw failure(read.error, tools.bucket.url);
  }
}

export function bytesContent(bytes: Uint8Array): Content {
  return {
    size: bytes.length,
    async *read(from: number, to: number): AsyncIterable<Uint8Array> {
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
