import * as fs from 'node:fs';
import type { SizedObject } from '../../model/remote.ts';
import { addSpan, type Span } from '../../model/spans.ts';
import type { Incoming } from '../../ports/transfer-objects.ts';
import { startHash } from '../hash/blake3.ts';
import type { Disk } from './disk.ts';
import { isErrno } from './failure.ts';
import { hexOf } from './layout.ts';
import { placeObject } from './object-file.ts';
import type { Tools } from './tools.ts';

/** Fits a core's own cache, from which it is hashed. */
const PIECE = 256 * 1024;
/** So much may be on its way without a note: what a kill has asked for again, at most. */
const NOTE_EVERY = 1024 * 1024;
const FLUSH_EVERY = 32 * 1024 * 1024;

type Needs = Pick<Tools, 'layout' | 'disk' | 'durability' | 'objects' | 'spares'>;

/**
 * A large object that comes in pieces, in any order, kept at `tmp/incoming/<hex>` until it is whole. Bytes
 * that lie behind a gap are noted in `<hex>.there`, after they were written; a file without a note is a
 * beginning. Whatever a note says, only the digest of all bytes makes an object of them.
 */
export function openIncoming(
  { digest, size }: SizedObject,
  isWanted: boolean,
  { layout, disk, durability, objects, spares }: Needs,
): Incoming {
  objects.prepare('write');
  disk.mkdir(layout.incoming);
  const path = `${layout.incoming}/${hexOf(digest)}`;
  const fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
  const note = openNote(`${path}.there`, disk);
  let there = spansOf(note.read(), fs.fstatSync(fd).size, size);
  if (there.length === 0) {
    note.remove();
    fs.ftruncateSync(fd, 0);
  }
  let unnoted = 0;
  const hasher = startHash();
  let hashed = 0;
  let piece: Buffer | undefined;
  /** Takes in what lies there behind what was taken in. */
  const hashOn = (): void => {
    const end = there[0]?.from === 0 ? there[0].to : 0;
    while (hashed < end) {
      piece ??= Buffer.allocUnsafe(PIECE);
      const got = fs.readSync(fd, piece, 0, Math.min(PIECE, end - hashed), hashed);
      // Shorter than it was: the digest will tell.
      if (got === 0) break;
      hasher.update(piece.subarray(0, got));
      hashed += got;
    }
  };
  hashOn();
  // Not of one that goes on: the bytes that were here before would have to be read for it.
  const spare = isWanted && there.length === 0 ? spares.begin(hexOf(digest)) : undefined;
  const flush = openFlush(path);
  const close = (): void => {
    fs.closeSync(fd);
    note.close();
  };
  return {
    there,
    write(bytes, position) {
      const span = { from: position, to: position + bytes.length };
      const end = there[0]?.from === 0 ? there[0].to : 0;
      // Before the file has a gap, or it would be taken for a beginning.
      if (position !== end && !note.isOpen()) note.write(there);
      disk.write(fd, bytes, path, position);
      there = addSpan(there, span);
      if (note.isOpen() && (unnoted += bytes.length) >= NOTE_EVERY) {
        note.write(there);
        unnoted = 0;
      }
      if (position === hashed) {
        hasher.update(bytes);
        hashed = span.to;
      }
      hashOn();
      spare?.write(bytes, position);
      flush(bytes.length);
    },
    finish() {
      close();
      note.remove();
      if (hasher.digestBuffer().toString('hex') !== hexOf(digest)) {
        spare?.drop();
        disk.unlink(path);
        return false;
      }
      spare?.keep();
      disk.chmod(path, 0o444);
      placeObject(path, hexOf(digest), layout.objects, disk);
      durability.noteWritten([hexOf(digest)]);
      return true;
    },
    suspend() {
      spare?.drop();
      try {
        if (note.isOpen()) note.write(there);
      } catch (error) {
        // A full disk: what came since the last note is asked for again.
        if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EIO')) throw error;
      } finally {
        close();
      }
    },
  };
}

/** What is there by a note, or all of a file that has none; nothing where the two cannot both be right. */
function spansOf(
  noted: readonly Span[] | undefined,
  length: number,
  size: number,
): readonly Span[] {
  const spans = noted ?? addSpan([], { from: 0, to: length });
  const end = spans.at(-1)?.to ?? 0;
  return end <= Math.min(length, size) ? spans : [];
}

interface Note {
  /** Undefined when there is none. */
  read(): readonly Span[] | undefined;
  isOpen(): boolean;
  write(spans: readonly Span[]): void;
  close(): void;
  remove(): void;
}

/** Spans as lines of JSON of which the last whole one counts: nothing is changed that a kill could leave half done. */
function openNote(path: string, disk: Disk): Note {
  let fd: number | undefined;
  return {
    read() {
      let text: string;
      try {
        text = fs.readFileSync(path, 'utf8');
      } catch (error) {
        if (isErrno(error, 'ENOENT')) return undefined;
        throw error;
      }
      fd = fs.openSync(path, 'a');
      return decodeSpans(text.split('\n').at(-2));
    },
    isOpen: () => fd !== undefined,
    write(spans) {
      fd ??= fs.openSync(path, 'a', 0o644);
      const line = `${JSON.stringify(spans.map(({ from, to }) => [from, to]))}\n`;
      disk.write(fd, Buffer.from(line), path);
    },
    close() {
      if (fd !== undefined) fs.closeSync(fd);
      fd = undefined;
    },
    remove() {
      this.close();
      fs.rmSync(path, { force: true });
    },
  };
}

/** None, when the line is not one that was written whole. */
function decodeSpans(line: string | undefined): readonly Span[] {
  try {
    const pairs: unknown = JSON.parse(line ?? '[]');
    if (!Array.isArray(pairs)) return [];
    const numbers: unknown[] = pairs.flat();
    const isInOrder = numbers.every(
      (number, index) =>
        Number.isSafeInteger(number) && Number(number) >= Number(numbers[index - 1] ?? 0),
    );
    if (!isInOrder || numbers.length !== 2 * pairs.length) return [];
    return pairs.map((pair: unknown) => {
      const [from = 0, to = 0] = pair as number[];
      return { from, to };
    });
  } catch {
    return [];
  }
}

/** Has a file's bytes written down while more come, so that the barrier at the end waits for the last ones only. */
function openFlush(path: string): (bytes: number) => void {
  let waiting = 0;
  let isFlushing = false;
  return (bytes) => {
    waiting += bytes;
    if (isFlushing || waiting < FLUSH_EVERY) return;
    [waiting, isFlushing] = [0, true];
    // A descriptor of its own, which is open for as long as the disk takes.
    const fd = fs.openSync(path, 'r');
    fs.fdatasync(fd, () => {
      isFlushing = false;
      fs.closeSync(fd);
    });
  };
}
