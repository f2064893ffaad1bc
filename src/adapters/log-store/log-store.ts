import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { problem } from '../../model/diagnostic.ts';
import type { AttemptId, Digest } from '../../model/names.ts';
import { ProblemError } from '../../model/problem-error.ts';
import type { AttemptLog, LogChunk, LogStore } from '../../ports/log-store.ts';

export interface LogStoreOptions {
  /** `cache/v1`. */
  readonly cache: string;
  readonly startHash: () => Hasher;
}

export interface Hasher {
  update(bytes: Uint8Array): unknown;
  digestBuffer(): Buffer;
}

type Stream = LogChunk['stream'];

/**
 * Logs as two files: `<cache>/logs/<attempt>.log` has both streams' bytes as they came, for people;
 * `<attempt>.idx` says where the stream changes, a line each of `o` or `e` and a number of bytes.
 * A watched attempt has a third: `<attempt>.trace.json`.
 *
 * @throws ProblemError `log/unwritable` from `open` and `close`, never from `append`.
 */
export function openLogStore({ cache, startHash }: LogStoreOptions): LogStore {
  const folder = join(cache, 'logs');
  return {
    open: (attempt) => new FileLog(folder, attempt, startHash),
    read: async (attempt, lastBytes = Infinity) => {
      const { log, index } = filesOf(folder, attempt);
      if (!existsSync(log)) return undefined;
      const { bytes, skipped } = readEnd(log, lastBytes);
      return chunksOf(bytes, readIndex(index), skipped);
    },
    keepTrace: async (attempt, trace) => {
      const { writeTrace } = await import('./trace-file.ts');
      writeTrace(filesOf(folder, attempt).trace, trace);
    },
    readTrace: async (attempt) => {
      const { readTrace } = await import('./trace-file.ts');
      return readTrace(filesOf(folder, attempt).trace);
    },
  };
}

const filesOf = (folder: string, attempt: AttemptId) => ({
  log: join(folder, `${attempt}.log`),
  index: join(folder, `${attempt}.idx`),
  trace: join(folder, `${attempt}.trace.json`),
});

/**
 * Written synchronously in blocks: a stage that speaks faster than the disk writes is held up by
 * its full pipe, where a queue would fill the memory. What a person may be following is written
 * within a second.
 */
class FileLog implements AttemptLog {
  static readonly #BLOCK = 65_536;
  static readonly #FLUSH_MS = 500;
  static readonly #READ_AT_ONCE = 2 ** 20;
  readonly #path: string;
  readonly #startHash: () => Hasher;
  readonly #log: number;
  /** Made with the first line, which a stage that says nothing does not need. */
  #index: number | undefined;
  readonly #indexPath: string;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #size = 0;
  /** The stream that speaks, and how much it said that the index does not hold yet. */
  #stream: Stream = 'stdout';
  #spoken = 0;
  #indexLines = '';
  #timer: NodeJS.Timeout | undefined;
  #failure: ProblemError | undefined;
  #closed: ReturnType<AttemptLog['close']> | undefined;

  constructor(folder: string, attempt: AttemptId, startHash: () => Hasher) {
    const { log, index } = filesOf(folder, attempt);
    this.#path = log;
    this.#indexPath = index;
    this.#startHash = startHash;
    try {
      mkdirSync(folder, { recursive: true });
      this.#log = openSync(log, 'w');
    } catch (error) {
      throw unwritable(log, error);
    }
  }

  append(stream: Stream, chunk: string): void {
    if (this.#closed !== undefined) throw new Error(`bug: ${this.#path} is closed`);
    const bytes = Buffer.from(chunk);
    if (bytes.length === 0) return;
    if (stream !== this.#stream) this.#switchTo(stream);
    this.#spoken += bytes.length;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= FileLog.#BLOCK) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FileLog.#FLUSH_MS).unref();
  }

  close(): ReturnType<AttemptLog['close']> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): ReturnType<AttemptLog['close']> {
    this.#switchTo('stdout');
    this.#flush();
    closeSync(this.#log);
    if (this.#index !== undefined) closeSync(this.#index);
    if (this.#failure !== undefined) throw this.#failure;
    // From the file, so that the digest is of what is there; at gigabytes a second it costs little.
    const hasher = this.#startHash();
    if (this.#size <= FileLog.#READ_AT_ONCE) hasher.update(readFileSync(this.#path));
    else {
      for await (const block of createReadStream(this.#path, { highWaterMark: 2 ** 20 })) {
        hasher.update(block as Buffer);
      }
    }
    const digest = `b3:${hasher.digestBuffer().toString('hex')}` as Digest;
    return { digest, size: this.#size, path: this.#path };
  }

  #switchTo(stream: Stream): void {
    if (this.#spoken > 0) this.#indexLines += `${LETTERS[this.#stream]} ${this.#spoken}\n`;
    this.#stream = stream;
    this.#spoken = 0;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      // Nothing after a failure: a log with a hole would be worse than one that ends.
      if (this.#failure === undefined) {
        // The index first: what it does not cover after a kill is taken for the next stream's.
        if (this.#indexLines !== '') {
          this.#index ??= openSync(this.#indexPath, 'w');
          writeAll(this.#index, Buffer.from(this.#indexLines));
        }
        writeAll(this.#log, Buffer.concat(this.#held));
        this.#size += this.#heldBytes;
      }
    } catch (error) {
      // Told at the end: here a command's output or a timer is being served, who cannot be told.
      this.#failure = unwritable(this.#path, error);
    }
    this.#indexLines = '';
    this.#held = [];
    this.#heldBytes = 0;
  }
}

const LETTERS: { readonly [stream in Stream]: string } = { stdout: 'o', stderr: 'e' };

function unwritable(path: string, error: unknown): ProblemError {
  const cause = error instanceof Error ? error.message : String(error);
  const message = `the log ${path} cannot be written: ${cause}`;
  return new ProblemError(problem('stage', 'log/unwritable', message), { cause: error });
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

function readIndex(path: string): readonly { readonly stream: Stream; readonly size: number }[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, letter, size] = /^([oe]) ([0-9]+)$/.exec(line) ?? [];
    if (letter === undefined) return [];
    return [{ stream: letter === 'e' ? 'stderr' : 'stdout', size: Number(size) } as const];
  });
}

/** The end of a file, from the start of a line on, and how much lies before it. */
function readEnd(
  path: string,
  lastBytes: number,
): { readonly bytes: Buffer; readonly skipped: number } {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const before = Math.max(0, size - lastBytes);
    const bytes = Buffer.alloc(size - before);
    let read = 0;
    for (let count = -1; count !== 0 && read < bytes.length; read += count) {
      count = readSync(file, bytes, read, bytes.length - read, before + read);
    }
    const end = bytes.subarray(0, read);
    // Where it was cut there may be half a line, and half a letter.
    const start = before === 0 ? 0 : end.indexOf(10) + 1;
    return { bytes: end.subarray(start), skipped: before + start };
  } finally {
    closeSync(file);
  }
}

/** `bytes` are what follows the first `skipped` bytes of the log. */
function chunksOf(
  bytes: Buffer,
  index: readonly { readonly stream: Stream; readonly size: number }[],
  skipped: number,
): LogChunk[] {
  const chunks: LogChunk[] = [];
  let at = -skipped;
  const take = (stream: Stream, end: number): void => {
    const chunk = end <= 0 ? '' : bytes.toString('utf8', Math.max(0, at), end);
    if (chunk !== '') chunks.push({ stream, chunk });
    at = Math.min(end, bytes.length);
  };
  for (const { stream, size } of index) take(stream, at + size);
  take(index.at(-1)?.stream === 'stdout' ? 'stderr' : 'stdout', bytes.length);
  return chunks;
}
