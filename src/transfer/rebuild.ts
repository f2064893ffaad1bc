import type { Digest, RunId } from '../model/names.ts';
import type { Holder } from '../model/remote.ts';
import type { Census } from './census.ts';
import { BLOBS, digestOf } from './layout.ts';
import { LARGEST_TABLE, readTable, TABLE_TAIL } from './pack.ts';
import { inParallel, quietCall, type Tools } from './tools.ts';
import { verifyHolder } from './verify-holder.ts';
import { createSegment } from './write-segment.ts';

/**
 * Names every pack and blob that no segment names, from the packs' own tables and the blobs' names, as
 * far as their bytes are right: what a segment that was lost told.
 */
export async function nameUnnamed(census: Census, tools: Tools): Promise<void> {
  const { stored, holders, look, roots } = census;
  const unnamed = [...stored.values()].filter(
    ({ name }) => !holders.has(name) && !look.condemned.has(name),
  );
  const found: Holder[] = [];
  await inParallel(unnamed, tools, async ({ name, size }, signal) => {
    const holder = name.startsWith(BLOBS)
      ? { name, size, objects: [{ digest: digestInName(name), size, offset: 0 }] }
      : await readPack(name, size, tools);
    if (holder === undefined) return;
    const wrong = await verifyHolder(holder, signal, tools);
    const objects = holder.objects.filter(({ digest }) => !wrong.has(digest));
    if (objects.length > 0) found.push({ ...holder, objects });
  });
  if (found.length === 0) return;
  const held = new Set(found.flatMap(({ objects }) => objects.map(({ digest }) => digest)));
  const runs = new Set<RunId>(roots.flatMap((root) => root.runs));
  await createSegment(
    {
      supersedes: [],
      holders: found,
      runs: [...runs].filter((run) => held.has(`b3:${run}` as Digest)),
    },
    look.ensureFresh,
    tools,
  );
}

const digestInName = (name: string): Digest =>
  digestOf(name.slice(BLOBS.length + 3, BLOBS.length + 67));

/** A pack by its own table; undefined for what is none. */
async function readPack(name: string, size: number, tools: Tools): Promise<Holder | undefined> {
  const read = async (from: number, to: number): Promise<string | undefined> => {
    const pieces: Uint8Array[] = [];
    const done = await tools.bucket.read(
      name,
      { from, to },
      (piece) => void pieces.push(Uint8Array.from(piece)),
      quietCall(tools),
    );
    return done.ok ? Buffer.concat(pieces).toString('latin1') : undefined;
  };
  if (size < TABLE_TAIL) return undefined;
  const length = Number(await read(size - TABLE_TAIL, size));
  if (!(length > 0 && length <= Math.min(LARGEST_TABLE, size - TABLE_TAIL))) return undefined;
  const table = await read(size - TABLE_TAIL - length, size - TABLE_TAIL);
  const objects = table === undefined ? undefined : readTable(table, size);
  return objects === undefined ? undefined : { name, size, objects };
}
