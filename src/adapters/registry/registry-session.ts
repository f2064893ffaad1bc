import { setTimeout as sleep } from 'node:timers/promises';
import { Broken, openExchange, type Answer, type Question } from '../bucket-gcs/exchange.ts';
import { parseChallenge, type Challenge } from './challenge.ts';
import type { Login } from './registry-credentials.ts';

/** How long a request may be silent, and how often one that may pass is tried again. Milliseconds. */
export interface Patience {
  readonly idle: number;
  /** Before each further try. */
  readonly delays: readonly number[];
}

export const PATIENCE: Patience = { idle: 30_000, delays: [1000, 2000, 4000, 8000] };

export interface SessionOptions {
  /** `https://registry.example:5000`, without a slash at its end. */
  readonly endpoint: string;
  readonly repository: string;
  /** Asked once, when the registry wants to know who asks. */
  readonly login: () => Promise<Login | undefined>;
  /** Lets tokens go over plain http: to this very machine. */
  readonly mayProve: boolean;
  readonly patience: Patience;
  readonly signal: AbortSignal;
}

/** What was asked was not answered, whatever was tried. */
export class Unreachable extends Error {}

/** Requests of one push: the same connections and the same token. */
export interface RegistrySession {
  /** Follows redirects of GET and HEAD; repeats what may pass. @throws Unreachable, LoginFailed */
  ask(question: Question): Promise<Answer>;
  /** An address the registry named, made whole. */
  resolve(location: string): string;
  close(): void;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function openSession(options: SessionOptions): RegistrySession {
  const { endpoint, patience, signal } = options;
  const exchange = openExchange();
  let authorization: Promise<string | undefined> | undefined;
  let login: Promise<Login | undefined> | undefined;

  /** One try, given up when it is silent for too long. */
  const once = async (question: Question): Promise<Answer> => {
    const over = new AbortController();
    const stop = (): void => over.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const silent = (): void => over.abort(new Broken(`not a byte for ${patience.idle / 1000} s`));
    let timer = setTimeout(silent, patience.idle);
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(silent, patience.idle);
    };
    try {
      const call = { signal: over.signal, onAlive: alive, onSafe: () => undefined };
      const answer = await exchange.ask(question, call);
      // Answers of registries are short: read here, they are under the same watch.
      const text = await answer.text();
      return { ...answer, text: () => Promise.resolve(text) };
    } catch (error) {
      const reason: unknown = over.signal.aborted ? over.signal.reason : error;
      throw reason instanceof Broken || signal.aborted ? reason : asBroken(reason);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  };

  const persist = async (question: Question): Promise<Answer> => {
    for (let failures = 0; ; failures += 1) {
      const delay = patience.delays[failures];
      try {
        const answer = await once(question);
        if (!mayPass(answer.status) || delay === undefined) return answer;
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        if (delay === undefined) throw new Unreachable(error.message, { cause: error });
      }
      await sleep(delay * (0.5 + Math.random() / 2), undefined, { signal });
    }
  };

  const prove = async (challenge: Challenge | undefined): Promise<string | undefined> => {
    if (challenge === undefined || !options.mayProve) return undefined;
    login ??= options.login();
    const who = await login;
    return challenge.kind === 'basic' ? basic(who) : askToken(challenge, who, options, persist);
  };

  const isOwn = (url: string): boolean => new URL(url).origin === new URL(endpoint).origin;

  const askProved = async (question: Question): Promise<Answer> => {
    // A storage that the registry sends us to knows us by the address alone.
    if (!isOwn(question.url)) return persist(question);
    const withProof = async (proof: string | undefined): Promise<Answer> => {
      const headers = { ...question.headers, ...(proof !== undefined && { authorization: proof }) };
      return persist({ ...question, headers });
    };
    const before = authorization;
    const answer = await withProof(await before);
    if (answer.status !== 401) return answer;
    // Several requests may be refused at once; the first of them asks for all.
    if (authorization === before) {
      authorization = prove(parseChallenge(answer.headers['www-authenticate']));
      authorization.catch(() => undefined);
    }
    const proof = await authorization;
    return proof === undefined ? answer : withProof(proof);
  };

  return {
    resolve: (location) => new URL(location, `${endpoint}/`).href,
    async ask(question) {
      let answer = await askProved(question);
      let { url } = question;
      const isRead = question.method === 'GET' || question.method === 'HEAD';
      for (let hops = 0; isRead && REDIRECTS.has(answer.status) && hops < 5; hops += 1) {
        const { location } = answer.headers;
        if (location === undefined) return answer;
        url = new URL(location, url).href;
        answer = await askProved({ ...question, url });
      }
      return answer;
    },
    close: () => {
      exchange.close();
    },
  };
}

const mayPass = (status: number): boolean =>
  status === 408 || status === 429 || (status >= 500 && status !== 501);

const asBroken = (reason: unknown): Broken =>
  new Broken(reason instanceof Error ? reason.message : String(reason), { cause: reason });

const basic = (who: Login | undefined): string | undefined =>
  who?.kind === 'password'
    ? `Basic ${Buffer.from(`${who.user}:${who.password}`).toString('base64')}`
    : undefined;

/** The token server that the registry names: by GET, or by POST for an identity token, as docker does. */
async function askToken(
  { realm, service, scope }: Extract<Challenge, { kind: 'bearer' }>,
  who: Login | undefined,
  { endpoint, repository }: SessionOptions,
  persist: (question: Question) => Promise<Answer>,
): Promise<string | undefined> {
  const url = new URL(realm, `${endpoint}/`);
  const wanted = scope ?? `repository:${repository}:pull,push`;
  // Whoever answers for the registry must not make us say a password aloud.
  if (url.protocol === 'http:' && endpoint.startsWith('https:')) return undefined;
  const answer = await persist(
    who?.kind === 'identity-token'
      ? exchangeIdentity(url, who.token, service, wanted)
      : {
          method: 'GET',
          url: withQuery(url, { service, scope: wanted }),
          headers: { ...(who !== undefined && { authorization: basic(who) ?? '' }) },
        },
  );
  if (answer.status !== 200) return undefined;
  try {
    const said = JSON.parse(await answer.text()) as { token?: unknown; access_token?: unknown };
    const token = said.token ?? said.access_token;
    return typeof token === 'string' ? `Bearer ${token}` : undefined;
  } catch {
    // Not JSON: the request is refused once more, and that is told.
    return undefined;
  }
}

function exchangeIdentity(
  url: URL,
  token: string,
  service: string | undefined,
  scope: string,
): Question {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: 'avian',
    scope,
    ...(service !== undefined && { service }),
  });
  const body = Buffer.from(form.toString());
  return {
    method: 'POST',
    url: url.href,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: { size: body.length, pieces: once(body) },
  };
}

function withQuery(url: URL, values: { readonly [name: string]: string | undefined }): string {
  const whole = new URL(url);
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) whole.searchParams.set(name, value);
  }
  return whole.href;
}

/** Read anew by each try. */
const once = (bytes: Uint8Array): AsyncIterable<Uint8Array> => ({
  async *[Symbol.asyncIterator]() {
    yield bytes;
  },
});
