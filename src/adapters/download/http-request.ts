import * as http from 'node:http';
import * as https from 'node:https';

export interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | undefined };
  /** Throws Temporary when it breaks off. */
  readonly body: AsyncIterable<Buffer>;
  /** For whoever does not want the body. */
  drop(): void;
}

/** Something that may be better at the next attempt. */
export class Temporary extends Error {
  /** How long the server wants to be left alone. */
  readonly afterMs: number | undefined;
  constructor(message: string, afterMs?: number) {
    super(message);
    this.afterMs = afterMs;
  }
}

interface RequestOptions {
  readonly headers: { readonly [name: string]: string };
  readonly signal: AbortSignal;
  readonly idleMs: number;
}

const MOST_REDIRECTS = 10;
/** Not now, rather than no. */
const TEMPORARY = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * A GET that follows redirects. Answers with any other status than a temporary one.
 * @throws Temporary for whatever another attempt may cure, `BadRedirect` for what it will not.
 */
export async function request(url: string, options: RequestOptions): Promise<Answer> {
  let at = new URL(url);
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(at, options);
    const { location } = answer.headers;
    if (answer.status < 300 || answer.status >= 400 || location === undefined) {
      if (!TEMPORARY.has(answer.status)) return answer;
      answer.drop();
      const seconds = Number(answer.headers['retry-after'] ?? NaN);
      const after = seconds >= 0 ? seconds * 1000 : undefined;
      throw new Temporary(`the server answered ${answer.status}`, after);
    }
    answer.drop();
    if (redirects === MOST_REDIRECTS) throw new BadRedirect('it redirects without end');
    const next = URL.canParse(location, at.href) ? new URL(location, at.href) : undefined;
    if (next?.protocol !== 'https:' && next?.protocol !== at.protocol) {
      throw new BadRedirect(`it redirects to ${next?.protocol ?? 'no URL'}, which is not followed`);
    }
    at = next;
  }
}

export class BadRedirect extends Error {}

function ask(url: URL, { headers, signal, idleMs }: RequestOptions): Promise<Answer> {
  const client = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const silent = (): Temporary => new Temporary(`nothing came for ${idleMs / 1000} s`);
    let response: http.IncomingMessage | undefined;
    const sent = client.get(url, { headers, signal, agent: false });
    sent.setTimeout(idleMs, () => {
      response?.destroy(silent());
      sent.destroy(silent());
    });
    sent.on('error', (error) => {
      reject(error instanceof Temporary ? error : new Temporary(error.message));
    });
    sent.on('response', (received) => {
      response = received;
      resolve({
        status: received.statusCode ?? 0,
        headers: received.headers as Answer['headers'],
        body: bodyOf(received),
        drop: () => void received.destroy(),
      });
      // Dropped, or broken off before anybody listens.
      received.on('error', () => undefined);
    });
  });
}

async function* bodyOf(received: http.IncomingMessage): AsyncIterable<Buffer> {
  try {
    for await (const piece of received) yield piece as Buffer;
  } catch (error) {
    throw error instanceof Temporary ? error : new Temporary((error as Error).message);
  }
  if (!received.complete) throw new Temporary('the connection was closed too early');
}
