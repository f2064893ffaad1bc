import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { isJsonObject } from '../../model/json.ts';
import type { Digest } from '../../model/names.ts';
import { startHash, type Hasher } from '../hash/blake3.ts';

/** What a server says of the file behind a URL. */
export interface Validators {
  readonly etag?: string;
  readonly modified?: string;
  /** Bytes of the whole file; unknown while it is sent in chunks. */
  readonly size?: number;
}

/**
 * A download under way: `<folder>/<name>.part` and, beside it, what it is a part of, so that a killed
 * process's part can be continued.
 */
export interface PartFile {
  readonly path: string;
  readonly bytes: number;
  /** Undefined while nothing was received. */
  readonly of: Validators | undefined;
  begin(of: Validators): void;
  append(bytes: Uint8Array): void;
  /** Closes it; what was received stays. */
  close(): void;
  /** Complete: its digest. Only the file is left. */
  finish(): Digest;
  remove(): void;
}

export function openPart(folder: string, url: string): PartFile {
  const name = createHash('sha256').update(url).digest('hex').slice(0, 32);
  const path = `${folder}/${name}.part`;
  const note = `${folder}/${name}.json`;
  fs.mkdirSync(folder, { recursive: true });
  let of = readNote(note);
  if (of === undefined) fs.rmSync(path, { force: true });
  const fd = fs.openSync(path, 'a+');
  let bytes = 0;
  let hasher = startHash();
  let isOpen = true;
  if (of !== undefined) bytes = hashAll(fd, hasher);
  const part: PartFile = {
    path,
    get bytes() {
      return bytes;
    },
    get of() {
      return of;
    },
    begin(validators) {
      fs.ftruncateSync(fd, 0);
      bytes = 0;
      hasher = startHash();
      of = validators;
      // Before the first byte: a part whose note is another's would be continued wrongly.
      fs.writeFileSync(`${note}.new`, JSON.stringify(validators));
      fs.renameSync(`${note}.new`, note);
    },
    append(piece) {
      for (let done = 0; done < piece.length;) {
        done += fs.writeSync(fd, piece, done, piece.length - done);
      }
      hasher.update(piece);
      bytes += piece.length;
    },
    close() {
      if (isOpen) fs.closeSync(fd);
      isOpen = false;
    },
    finish() {
      part.close();
      fs.rmSync(note, { force: true });
      return `b3:${hasher.digestBuffer().toString('hex')}` as Digest;
    },
    remove() {
      part.close();
      for (const file of [note, path]) fs.rmSync(file, { force: true });
    },
  };
  return part;
}

function hashAll(fd: number, hasher: Hasher): number {
  const piece = Buffer.allocUnsafe(1024 * 1024);
  for (let at = 0; ;) {
    const got = fs.readSync(fd, piece, 0, piece.length, at);
    if (got === 0) return at;
    hasher.update(piece.subarray(0, got));
    at += got;
  }
}

function readNote(path: string): Validators | undefined {
  try {
    const note: unknown = JSON.parse(fs.readFileSync(path, 'utf8'));
    if (!isJsonObject(note)) return undefined;
    const { etag, modified, size } = note;
    return {
      ...(typeof etag === 'string' && { etag }),
      ...(typeof modified === 'string' && { modified }),
      ...(typeof size === 'number' && { size }),
    };
  } catch {
    return undefined;
  }
}
