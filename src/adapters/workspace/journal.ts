import * as fs from 'node:fs';
import { hashText } from '../hash/blake3.ts';
import { writeDurably, writeWhole, type Disk } from './disk.ts';
import { isErrno } from './failure.ts';

/*
 * A journal says what was renamed where, so one that is not byte for byte as it was written must
 * not be followed: its second line is the digest of the first. Paths in it are relative to the
 * project, which may be moved between a kill and the recovery.
 */

export function writeJournal(disk: Disk, file: string, journal: object): void {
  writeDurably(disk, file, sealed(journal));
}

/** One that a power cut may take, for what only a kill can leave to be undone. */
export function writeLightJournal(disk: Disk, file: string, journal: object): void {
  writeWhole(disk, file, sealed(journal));
}

function sealed(journal: object): string {
  const text = JSON.stringify(journal);
  return `${text}\n${hashText(text)}\n`;
}

/** What `writeJournal` was given; undefined when it is not there, `damaged` when it is not as it was written. */
export function readJournal(file: string): object | 'damaged' | undefined {
  let lines: string[];
  try {
    lines = fs.readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
  const [text = '', digest, end, ...more] = lines;
  const isWhole = digest === hashText(text) && end === '' && more.length === 0;
  return isWhole ? (JSON.parse(text) as object) : 'damaged';
}
