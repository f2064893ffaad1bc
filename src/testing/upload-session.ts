import type { IncomingMessage } from 'node:http';

/** What is kept of an upload that breaks off is a multiple of this, as with the real one. */
const GRAIN = 256 * 1024;

/** How a request that goes on with an upload ended. */
export type Taken =
  /** So many bytes are here; 0 to begin with. */
  | { readonly kind: 'part'; readonly received: number }
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** It does not follow on what is there. */
  | { readonly kind: 'gap' }
  /** Nobody is there to be answered. */
  | { readonly kind: 'broken' };

/** The state of a resumable upload as Google Cloud Storage keeps it. */
export class UploadSession {
  #pieces: Buffer[] = [];
  #received = 0;
  /** The request that is listened to: one that stalled may still be open when the next comes. */
  #latest = 0;

  /** Reads a `PUT` whose `content-range` tells where its bytes belong, or asks what is there. */
  async take(request: IncomingMessage, onBytes: (count: number) => void): Promise<Taken> {
    const range = request.headers['content-range'] ?? '';
    const [, from, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(range) ?? [];
    const own = ++this.#latest;
    if (from === undefined) {
      request.resume();
      this.#keepGrains(Number(total));
    }
    if (from !== undefined && Number(from) !== this.#received) {
      request.resume();
      return { kind: 'gap' };
    }
    if (from !== undefined) {
      try {
        for await (const piece of request as AsyncIterable<Buffer>) {
          if (own !== this.#latest) return { kind: 'broken' };
          this.#pieces.push(piece);
          this.#received += piece.length;
          onBytes(piece.length);
        }
      } catch {
        if (own === this.#latest) this.#keepGrains(Number(total));
        return { kind: 'broken' };
      }
    }
    if (this.#received !== Number(total)) return { kind: 'part', received: this.#received };
    this.#pieces = [Buffer.concat(this.#pieces)];
    return { kind: 'whole', bytes: this.#pieces[0] ?? Buffer.alloc(0) };
  }

  #keepGrains(total: number): void {
    if (this.#received === total) return;
    const kept = Buffer.concat(this.#pieces);
    this.#received -= this.#received % GRAIN;
    this.#pieces = [kept.subarray(0, this.#received)];
  }
}
