import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Files that differ from each other, numbered from `first` and dealt out to folders. */
export function makeFiles(
  folder: string,
  count: number,
  size: number,
  folders: number,
  first = 0,
): void {
  const bytes = Buffer.alloc(size, 7);
  for (let index = 0; index < folders; index++) {
    mkdirSync(join(folder, `folder-${index}`), { recursive: true });
  }
  for (let index = first; index < first + count; index++) {
    bytes.writeUInt32LE(index, 0);
    writeFileSync(join(folder, `folder-${index % folders}`, `photo-${index}`), bytes);
  }
}

/** One file whose pieces of 1 MiB differ from each other. */
export function makeLarge(path: string, size: number): void {
  const piece = Buffer.alloc(2 ** 20, 7);
  const file = openSync(path, 'w');
  for (let at = 0; at < size; at += piece.length) {
    piece.writeDoubleLE(at, 0);
    writeSync(file, piece, 0, Math.min(piece.length, size - at));
  }
  closeSync(file);
}
