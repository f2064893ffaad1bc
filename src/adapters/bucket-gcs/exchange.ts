import * as http from 'node:http';
import * as https from 'node:https';
import type { Call } from '../../ports/bucket.ts';

export interface Question {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  /** A body of a known length, in pieces. */
  readonly body?: { readonly size: number; readonly pieces: AsyncIterable<Uint8Array> };
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** The whole body; at most `LARGEST_ANSWER` bytes. Not to be called beside `pieces`. */
  text(): Promise<string>;
  /** The body as it comes. Throws `Broken` when it ends before its announced length. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** The connection failed or ended early: a later try may do better. */
export class Broken extends Error {}

/** Keeps connections; to be closed at the end. */
export interface Exchange {
  ask(question: Question, call: Call): Promise<Answer>;
  close(): void;
}

const LARGEST_ANSWER = 64 * 1024 * 1024;
/**
 * What is handed to the socket at once: the connection is seen to live between two of them, on a line
 * that eight uploads share as well.
 */
const WRITE = 64 * 1024;

/**
 * HTTP/1.1 over node:http. Not `fetch`: that hides how much of a body was sent, so that a slow
 * upload could not be told from a stalled one.
 */
export function openExchange(): Exchange {
  const kept = { keepAlive: true, maxFreeSockets: 64 };
  // At first use: TLS takes 25 ms to load, which an emulator does not need.
  let plain: http.Agent | undefined;
  let secure: https.Agent | undefined;
  return {
    async ask(question, call) {
      const isSecure = question.url.startsWith('https:');
      const agent = isSecure
        ? (secure ??= new https.Agent(kept))
        : (plain ??= new http.Agent(kept));
      const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
      // Some failures come by an event only, after the promise was given up.
      promise.catch(() => undefined);
      const request = (isSecure ? https : http).request(question.url, {
        method: question.method,
        headers: {
          ...question.headers,
          ...(question.method !== 'GET' &&
            question.method !== 'HEAD' && { 'content-length': String(question.body?.size ?? 0) }),
        },
        agent,
        signal: call.signal,
      });
      request.once('response', resolve);
      request.on('error', (error) => reject(new Broken(error.message, { cause: error })));
      request.once('socket', (socket) => {
        call.onAlive(0);
        // After the parser's own listener, which has copied what it needs.
        socket.on('data', letGo);
        request.once('close', () => socket.off('data', letGo));
      });
      try {
        const isSent =
          question.body === undefined || (await send(request, question.body.pieces, call, promise));
        if (isSent) request.end();
        const response = await promise;
        call.onAlive(0);
        // The other side would take the next request for the rest of this one's body.
        if (!isSent) response.once('close', () => request.destroy());
        return answerOf(response, call, question.method === 'HEAD');
      } catch (error) {
        request.destroy();
        throw error;
      }
    },
    close() {
      plain?.destroy();
      secure?.destroy();
    },
  };
}

/**
 * Frees the memory behind a buffer that nobody looks at again. Left to the garbage collector, the pieces of
 * a download made it mark the whole heap every 14 MB: a fifth of the CPU time of a pull.
 */
export function letGo({ buffer, byteLength }: Uint8Array): void {
  // Smaller ones may share their memory with others.
  if (byteLength < LARGE || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

const LARGE = 16 * 1024;

/**
 * Hands the body over as the socket takes it. False when the answer came before all was sent; the rest
 * is not, then.
 */
async function send(
  request: http.ClientRequest,
  pieces: AsyncIterable<Uint8Array>,
  call: Call,
  answered: Promise<unknown>,
): Promise<boolean> {
  const over = { isAnswered: false };
  const note = (): void => void (over.isAnswered = true);
  const noted = answered.then(note, note);
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length && !over.isAnswered; at += WRITE) {
      const part = piece.subarray(at, at + WRITE);
      const { promise: taken, resolve } = Promise.withResolvers<undefined>();
      request.write(part, () => {
        resolve(undefined);
      });
      await Promise.race([taken, noted]);
      call.onAlive(part.length);
    }
    if (over.isAnswered) return false;
  }
  return true;
}

function answerOf(response: http.IncomingMessage, call: Call, isHead: boolean): Answer {
  async function* pieces(): AsyncIterable<Uint8Array> {
    let received = 0;
    try {
      for await (const piece of response as AsyncIterable<Buffer>) {
        received += piece.length;
        call.onAlive(piece.length);
        yield piece;
      }
    } catch (error) {
      throw new Broken(error instanceof Error ? error.message : String(error), { cause: error });
    }
    // A HEAD is told the length of a body that does not come.
    const announced = isHead ? undefined : response.headers['content-length'];
    if (!response.complete || (announced !== undefined && Number(announced) !== received)) {
      throw new Broken(`the answer ended after ${received} of ${announced ?? 'unknown'} bytes`);
    }
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    pieces,
    async text() {
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const piece of pieces()) {
        size += piece.length;
        if (size > LARGEST_ANSWER) throw new Broken('the answer is larger than 64 MiB');
        parts.push(piece);
      }
      return Buffer.concat(parts).toString('utf8');
    },
  };
}
