import type { Held, Holder, SizedObject } from '../model/remote.ts';
import type { Content } from '../ports/bucket.ts';
import { hexOf, PACK_SIZE } from './layout.ts';
import { decodeRows } from './segment.ts';

/**
 * A pack: a line that says what it is, the objects' bytes one after another, and at its end its own
 * table, so that a lost index can be made again from packs alone:
 *
 *   avian-pack 1\n
 *   <bytes><bytes>…
 *   ["<hex>",<offset>,<length>,…]\n
 *   <length of the table, 16 digits>\n
 */
const HEAD = 'avian-pack 1\n';
const LENGTH_DIGITS = 16;

/** Deals objects out to packs, in order; a pack is closed by the object that fills it. */
export function dealIntoPacks(
  objects: readonly SizedObject[],
): readonly (readonly SizedObject[])[] {
  const packs: SizedObject[][] = [];
  let filled = Infinity;
  for (const object of objects) {
    if (filled >= PACK_SIZE) {
      packs.push([]);
      filled = 0;
    }
    packs.at(-1)?.push(object);
    filled += object.size;
  }
  return packs;
}

/** Where each object lies in a pack of them, and how large it is. */
export function planPack(name: string, objects: readonly SizedObject[]): Holder {
  let offset = HEAD.length;
  const held = objects.map(({ digest, size }) => {
    const at = offset;
    offset += size;
    return { digest, size, offset: at };
  });
  const pack = { name, objects: held };
  return { ...pack, size: offset + tailOf(pack).length };
}

/** The pack's bytes; `read` gives those of its objects. */
export function packContent(
  pack: Holder,
  read: (object: SizedObject, from: number, to: number) => AsyncIterable<Uint8Array>,
): Content {
  const tail = Buffer.from(tailOf(pack));
  return {
    size: pack.size,
    async *read(from, to) {
      const within = (start: number, length: number): readonly [number, number] => [
        Math.max(0, from - start),
        Math.min(length, to - start),
      ];
      const [headFrom, headTo] = within(0, HEAD.length);
      if (headFrom < headTo) yield Buffer.from(HEAD).subarray(headFrom, headTo);
      for (const object of pack.objects) {
        const [first, last] = within(object.offset, object.size);
        if (first < last) yield* read(object, first, last);
      }
      const [tailFrom, tailTo] = within(pack.size - tail.length, tail.length);
      if (tailFrom < tailTo) yield tail.subarray(tailFrom, tailTo);
    },
  };
}

function tailOf({ objects }: Pick<Holder, 'objects'>): string {
  const table = objects.flatMap(({ digest, offset, size }) => [hexOf(digest), offset, size]);
  const text = `${JSON.stringify(table)}\n`;
  return `${text}${String(text.length).padStart(LENGTH_DIGITS, '0')}\n`;
}

/** The last line of a pack, with its line break: how long its table is. */
export const TABLE_TAIL = LENGTH_DIGITS + 1;
/** A pack of empty objects alone has some hundred thousand rows. */
export const LARGEST_TABLE = 256 * 1024 * 1024;

/** Reads a table that may come from anywhere; undefined where it is none of a pack of that size. */
export function readTable(text: string, size: number): readonly Held[] | undefined {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    return undefined;
  }
  return Array.isArray(rows) ? decodeRows(rows, size) : undefined;
}
