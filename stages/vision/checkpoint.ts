/**
 * A training at rest, in one file: <dir>/training.ckpt = length of the header (uint32), header (JSON), numbers (float32).
 * One file, written beside and renamed, so that weights, moments and counters are always of the same moment.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';

export interface Checkpoint<Progress> {
  /** Digest of what the training depends on; another key means another training. */
  readonly key: string;
  /** Counters, stopping state, history: plain JSON. */
  readonly progress: Progress;
  /** Named lists of numbers: weights, moments, best weights. */
  readonly tensors: Readonly<Record<string, readonly Float32Array[]>>;
}

interface Header {
  readonly version: number;
  readonly key: string;
  readonly progress: unknown;
  readonly lengths: Readonly<Record<string, readonly number[]>>;
  readonly digest: string;
}

const FILE = 'training.ckpt';
const BYTES_PER_NUMBER = 4;

export async function writeCheckpoint(dir: string, checkpoint: Checkpoint<unknown>): Promise<void> {
  if (endianness() !== 'LE') throw new Error('checkpoints are little-endian, this machine is not');
  const lists = Object.values(checkpoint.tensors).flat();
  const numbers = Buffer.concat(
    lists.map((list) => Buffer.from(list.buffer, list.byteOffset, list.byteLength)),
  );
  const header: Header = {
    version: 1,
    key: checkpoint.key,
    progress: checkpoint.progress,
    lengths: Object.fromEntries(
      Object.entries(checkpoint.tensors).map(([name, list]) => [name, list.map((x) => x.length)]),
    ),
    digest: createHash('sha256').update(numbers).digest('hex'),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);

  await mkdir(dir, { recursive: true });
  const temporary = join(dir, `${FILE}.tmp`);
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(Buffer.concat([length, text, numbers]));
    // Without it a power cut could leave the new name on empty blocks, and the old file would be gone.
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(dir, FILE));
}

/** The checkpoint in `dir`, or undefined where there is none, it is damaged, or of another training (`key`). */
export async function readCheckpoint<Progress>(
  dir: string,
  key: string,
): Promise<Checkpoint<Progress> | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(join(dir, FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = parse(bytes);
  if (parsed?.header.key !== key) return undefined;
  const { header, numbers } = parsed;
  const tensors: Record<string, Float32Array[]> = {};
  let at = 0;
  for (const [name, lengths] of Object.entries(header.lengths)) {
    tensors[name] = lengths.map((count) => {
      const list = new Float32Array(count);
      const end = at + count * BYTES_PER_NUMBER;
      new Uint8Array(list.buffer).set(numbers.subarray(at, end));
      at = end;
      return list;
    });
  }
  return { key, progress: header.progress as Progress, tensors };
}

/** Forgets the checkpoint, once its training is complete. */
export async function removeCheckpoint(dir: string): Promise<void> {
  await rm(join(dir, FILE), { force: true });
}

function parse(bytes: Buffer): { header: Header; numbers: Buffer } | undefined {
  if (bytes.length < 4) return undefined;
  const end = 4 + bytes.readUInt32LE();
  let header: Header;
  try {
    header = JSON.parse(bytes.subarray(4, end).toString('utf8')) as Header;
  } catch {
    return undefined;
  }
  const numbers = bytes.subarray(end);
  const digest = createHash('sha256').update(numbers).digest('hex');
  return header.version === 1 && header.digest === digest ? { header, numbers } : undefined;
}
