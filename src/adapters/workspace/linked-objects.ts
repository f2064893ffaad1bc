import * as fs from 'node:fs';
import { hashBytes, startHash } from '../hash/blake3.ts';
import { objectPath } from './layout.ts';

/*
 * Objects that were hard-linked into a workspace (`cache: { link: hardlink }`) can be written to
 * from there: mode 0444 stops an accident, not root. `cache/v1/linked.txt` names them for good,
 * since a link that is gone again may have been written to before, and notes the stat under which
 * the bytes were last hashed and right. With any other stat they are hashed again before they are
 * trusted. A line each, `<hex> <stat>`, the last one of an object counts.
 */

/** Stats as text; `-` for an object that was linked and not hashed since. */
type Noted = Map<string, string>;

/** One reading per thread and cache: main notes its links before any thread makes one. */
const registers = new Map<string, Noted>();

const fileOf = (objects: string): string =>
  `${objects.slice(0, objects.lastIndexOf('/'))}/linked.txt`;

function registerOf(objects: string): Noted {
  const known = registers.get(objects);
  if (known !== undefined) return known;
  const noted: Noted = new Map();
  const file = fileOf(objects);
  if (fs.existsSync(file)) {
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
      const [, hex, stat] = /^([0-9a-f]{64}) (\S+)$/.exec(line) ?? [];
      if (hex !== undefined && stat !== undefined) noted.set(hex, stat);
    }
  }
  registers.set(objects, noted);
  return noted;
}

function note(objects: string, lines: readonly (readonly [hex: string, stat: string])[]): void {
  const noted = registerOf(objects);
  const fresh = lines.filter(([hex, stat]) => noted.get(hex) !== stat);
  if (fresh.length === 0) return;
  fs.appendFileSync(fileOf(objects), fresh.map(([hex, stat]) => `\n${hex} ${stat}`).join(''));
  for (const [hex, stat] of fresh) noted.set(hex, stat);
}

/** Whether any object was ever linked. */
export const hasLinks = (objects: string): boolean => registerOf(objects).size > 0;

/** To be called before links to these are made. */
export const noteLinks = (objects: string, hexes: readonly string[]): void => {
  note(
    objects,
    hexes.map((hex) => [hex, '-']),
  );
};

/** False when an object that can be written to from a workspace does not have its bytes any more. */
export function isUntouched(objects: string, hex: string, stat: fs.Stats): boolean {
  const noted = registerOf(objects).get(hex);
  // A link that is not ours, of a cache copied by `cp -al` say, is one to be distrusted as well.
  if (stat.nlink === 1 && noted === undefined) return true;
  if (noted === textOf(stat)) return true;
  const path = objectPath(objects, hex);
  const started = Date.now();
  if (!hasDigest(path, hex, stat.size)) return false;
  const after = fs.lstatSync(path);
  // Stamped as late as this it may be changed once more under the same stamp: not remembered.
  if (textOf(after) === textOf(stat) && started - stat.ctimeMs > YOUNG_MS) {
    try {
      note(objects, [[hex, textOf(stat)]]);
    } catch {
      // A full disk: it is hashed again next time.
    }
  }
  return true;
}

/** Twice the slowest tick of a file system's clock, and what clocks may differ by. */
const YOUNG_MS = 100;

const textOf = ({ size, mtimeMs, ctimeMs, ino }: fs.Stats): string =>
  [size, mtimeMs, ctimeMs, ino].join(',');

/** True when the file's bytes have this digest. */
export function hasDigest(path: string, hex: string, size: number): boolean {
  if (size <= PIECE) return hashBytes(fs.readFileSync(path)).toString('hex') === hex;
  const hasher = startHash();
  const fd = fs.openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    for (let got = -1; got !== 0;) {
      got = fs.readSync(fd, piece, 0, piece.length, null);
      hasher.update(piece.subarray(0, got));
    }
    return hasher.digestBuffer().toString('hex') === hex;
  } finally {
    fs.closeSync(fd);
  }
}

const PIECE = 1024 * 1024;
