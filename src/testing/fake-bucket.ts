import { crc32c } from '../adapters/hash/crc32c.ts';
import { byCodeUnit } from '../model/json.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Bucket, BucketEntry, BucketProblem, Call, Content } from '../ports/bucket.ts';

export type BucketVerb = 'create' | 'read' | 'list' | 'remove';

/** A bucket in memory that notes every call, and fails where a test says so. */
export class FakeBucket implements Bucket {
  readonly url = 'memory://bucket';
  readonly objects = new Map<string, Uint8Array>();
  /** When objects were created; those that a test put there itself are as old as can be. */
  readonly ages = new Map<string, number>();
  /** `create packs/….pack`, in order. */
  readonly calls: string[] = [];
  /** Bytes that readers were given. */
  handedOut = 0;
  now: () => number = () => Date.now();
  /** Asked before each call; what it returns is the answer, what it awaits delays it. */
  onCall: (verb: BucketVerb, name: string) => Promise<BucketProblem | undefined> = () =>
    Promise.resolve(undefined);
  /** What a reader gets for an object's bytes. */
  onBytes: (name: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes;

  async create(name: string, content: Content, call: Call): Promise<Result<void, BucketProblem>> {
    const fault = await this.#note('create', name);
    if (fault !== undefined) return err(fault);
    if (this.objects.has(name)) return err({ kind: 'exists', name });
    const pieces: Uint8Array[] = [];
    for await (const piece of content.read(0, content.size)) {
      if (call.signal.aborted) return err({ kind: 'cancelled', name });
      pieces.push(Uint8Array.from(piece));
      call.onAlive(piece.length);
    }
    const bytes = Buffer.concat(pieces);
    if (bytes.length !== content.size) {
      return err({ kind: 'corrupt', name, cause: `${bytes.length} bytes came` });
    }
    if (this.objects.has(name)) return err({ kind: 'exists', name });
    this.objects.set(name, bytes);
    this.ages.set(name, this.now());
    call.onSafe(content.size);
    return ok(undefined);
  }

  async read(
    name: string,
    { from, to }: { readonly from: number; readonly to?: number },
    take: (bytes: Uint8Array) => void | Promise<void>,
    call: Call,
  ): Promise<Result<void, BucketProblem>> {
    const fault = await this.#note('read', name);
    if (fault !== undefined) return err(fault);
    const bytes = this.objects.get(name);
    if (bytes === undefined) return err({ kind: 'not-found', name });
    const wanted = this.onBytes(name, bytes).subarray(from, to);
    const piece = Math.max(1000, Math.ceil(wanted.length / 100));
    for (let at = 0; at < wanted.length; at += piece) {
      if (call.signal.aborted) return err({ kind: 'cancelled', name });
      call.onAlive(Math.min(piece, wanted.length - at));
      this.handedOut += Math.min(piece, wanted.length - at);
      await take(wanted.subarray(at, at + piece));
    }
    if (to === undefined || wanted.length === to - from) return ok(undefined);
    return err({ kind: 'refused', name, cause: `it has ${bytes.length} bytes, not ${to}` });
  }

  async list(prefix: string): Promise<Result<readonly BucketEntry[], BucketProblem>> {
    const fault = await this.#note('list', prefix);
    if (fault !== undefined) return err(fault);
    const names = [...this.objects].filter(([name]) => name.startsWith(prefix));
    return ok(
      names
        .map(([name, bytes]) => ({
          ...{ name, size: bytes.length, crc32c: crc32c(bytes) },
          at: this.ages.get(name) ?? 0,
        }))
        .sort((a, b) => byCodeUnit(a.name, b.name)),
    );
  }

  async remove(name: string): Promise<Result<void, BucketProblem>> {
    const fault = await this.#note('remove', name);
    if (fault !== undefined) return err(fault);
    return this.objects.delete(name) ? ok(undefined) : err({ kind: 'not-found', name });
  }

  #note(verb: BucketVerb, name: string): Promise<BucketProblem | undefined> {
    this.calls.push(`${verb} ${name}`);
    return this.onCall(verb, name);
  }
}
