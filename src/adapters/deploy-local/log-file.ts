import {
  appendFileSync,
  closeSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';

/** Two files of this size at most. */
const MAX_BYTES = 5 * 1024 * 1024;

/**
 * A log that rotates once into `<path>.1`. Writes are synchronous: lines keep their order and are
 * there after a crash. A full disk loses lines, never the service.
 */
export class LogFile {
  readonly path: string;
  readonly #maxBytes: number;
  #size: number;

  constructor(path: string, maxBytes = MAX_BYTES) {
    this.path = path;
    this.#maxBytes = maxBytes;
    this.#size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  write(chunk: string | Uint8Array): void {
    try {
      if (this.#size > 0 && this.#size + chunk.length > this.#maxBytes) {
        renameSync(this.path, `${this.path}.1`);
        this.#size = 0;
      }
      appendFileSync(this.path, chunk, { mode: 0o600 });
      this.#size += chunk.length;
    } catch {
      // Nowhere left to say so.
    }
  }

  /** Marks a place; `since` gives what came after it, at most `limit` bytes of its end. */
  mark(): number {
    return this.#size;
  }

  since(mark: number, limit = 4096): string {
    return tailOf(this.path, limit, mark <= this.#size ? mark : 0);
  }
}

/** The last whole lines of a file, at most `limit` bytes, none from before `from`. */
export function tailOf(path: string, limit = 4096, from = 0): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const start = Math.max(from, size - limit);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const read = readSync(file, buffer, 0, buffer.length, start);
    const text = buffer.toString('utf8', 0, read);
    // The first line is cut when we did not begin where a line begins.
    return (start > from ? text.slice(text.indexOf('\n') + 1) : text).trimEnd();
  } finally {
    closeSync(file);
  }
}
