import { hashBytes, hashText, startHash } from '../adapters/hash/blake3.ts';
import type { ArtifactRef } from '../model/artifact.ts';
import type { Digest } from '../model/names.ts';
import { problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { SizedObject } from '../model/remote.ts';
import { err, ok } from '../model/result.ts';
import { addSpan, gapsIn, type Span } from '../model/spans.ts';
import { DEEPEST, decodeNode, encodeDirectory, type TreeEntry } from '../model/tree.ts';
import type { Incoming, NodeProblem, TransferObjects } from '../ports/transfer-objects.ts';
import type { Want } from '../transfer/closure.ts';

const digestOf = (bytes: Uint8Array): Digest =>
  `b3:${hashBytes(Buffer.from(bytes)).toString('hex')}` as Digest;

/** The objects of a cache in memory; a test may put wrong bytes under a digest. */
export class FakeObjects implements TransferObjects {
  readonly stored = new Map<Digest, Uint8Array>();
  /** What came of large objects so far. */
  readonly incoming = new Map<Digest, { readonly bytes: Uint8Array; there: readonly Span[] }>();
  readonly #later = new Map<Digest, Uint8Array>();

  /** Keeps a directory of files, as a commit of the workspace would. */
  keep(path: string, files: { readonly [name: string]: string | Uint8Array }): Want {
    const entries = Object.entries(files).map(([name, content]): TreeEntry => {
      const bytes = Buffer.from(content);
      const digest = digestOf(bytes);
      this.stored.set(digest, bytes);
      return { kind: 'file', name, digest, size: bytes.length, executable: false };
    });
    const tree = encodeDirectory(entries, hashText, (digest, text) => {
      this.stored.set(digest, Buffer.from(text));
    });
    return { path, ref: tree };
  }

  /** Whether everything below is here with right bytes. */
  holds = async (ref: ArtifactRef): Promise<boolean> => {
    if (ref.files === undefined) return this.#isRight(ref.digest);
    const holdsNode = (digest: Digest, depth: number): boolean => {
      const read = this.readNode(digest, depth);
      if (!read.ok) return false;
      const { node } = read.value;
      return node.kind === 'split'
        ? node.parts.every((part) => holdsNode(part.digest, depth))
        : node.entries.every(
            (entry) =>
              entry.kind === 'link' ||
              (entry.kind === 'file'
                ? this.#isRight(entry.digest)
                : depth < DEEPEST && holdsNode(entry.digest, depth + 1)),
          );
    };
    return holdsNode(ref.digest, 0);
  };

  noteWhole(): void {}

  missing(objects: readonly SizedObject[]): readonly SizedObject[] {
    return objects.filter(({ digest, size }) => this.stored.get(digest)?.length !== size);
  }

  readNode(digest: Digest, depth: number): ReturnType<TransferObjects['readNode']> {
    const bytes = this.stored.get(digest);
    if (bytes === undefined) return err<NodeProblem>({ kind: 'missing' });
    if (!this.#isRight(digest)) {
      this.setAside(digest);
      return err<NodeProblem>({ kind: 'corrupt' });
    }
    const node = decodeNode(Buffer.from(bytes).toString('utf8'), depth);
    return node.ok
      ? ok({ node: node.value, size: bytes.length })
      : err<NodeProblem>({ kind: 'refused', cause: node.error });
  }

  async *read(digest: Digest, from: number, to: number): AsyncIterable<Uint8Array> {
    const bytes = this.stored.get(digest);
    if (bytes === undefined || bytes.length < to) {
      throw new ProblemError(problem('corruption', 'cache/unreadable', `${digest} is not here`));
    }
    for (let at = from; at < to; at += 1024 * 1024) {
      yield bytes.subarray(at, Math.min(to, at + 1024 * 1024));
    }
  }

  put(digest: Digest, bytes: Uint8Array): boolean {
    if (digestOf(bytes) !== digest) return false;
    this.stored.set(digest, Uint8Array.from(bytes));
    return true;
  }

  expect(): void {}

  /** Kept back until `settle`, as long as the real ones may take. */
  putLater(digest: Digest, bytes: Uint8Array): boolean {
    if (digestOf(bytes) !== digest) return false;
    this.#later.set(digest, Uint8Array.from(bytes));
    return true;
  }

  pause(): undefined {}

  settle(): Promise<void> {
    for (const [digest, bytes] of this.#later) this.stored.set(digest, bytes);
    this.#later.clear();
    return Promise.resolve();
  }

  startDigest(): ReturnType<TransferObjects['startDigest']> {
    const hasher = startHash();
    return {
      update: (bytes) => hasher.update(bytes),
      digest: () => `b3:${hasher.digestBuffer().toString('hex')}` as Digest,
    };
  }

  setAside(digest: Digest): void {
    this.stored.delete(digest);
  }

  receive({ digest, size }: SizedObject): Incoming {
    const part = this.incoming.get(digest) ?? { bytes: new Uint8Array(size), there: [] };
    this.incoming.set(digest, part);
    return {
      there: part.there,
      write: (bytes, position) => {
        part.bytes.set(bytes, position);
        part.there = addSpan(part.there, { from: position, to: position + bytes.length });
      },
      finish: () => {
        this.incoming.delete(digest);
        return gapsIn(part.there, size).length === 0 && this.put(digest, part.bytes);
      },
      suspend: () => undefined,
    };
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  #isRight(digest: Digest): boolean {
    const bytes = this.stored.get(digest);
    return bytes !== undefined && digestOf(bytes) === digest;
  }
}
