import { byCodeUnit } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type {
  Bucket,
  BucketEntry,
  BucketProblem,
  Call,
  UploadSessions,
} from '../../ports/bucket.ts';
import { crc32c } from '../hash/crc32c.ts';
import { LOG_IN, problemOf } from './answers.ts';
import { NoCredentials, type Credentials, type Proof } from './credentials.ts';
import { Broken, letGo, openExchange, type Answer } from './exchange.ts';
import { upload } from './upload.ts';
import { parse, parseCrc, type Ask } from './wire.ts';

export interface GcsOptions {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** Such as `https://storage.googleapis.com`, without a slash at its end. */
  readonly endpoint: string;
  readonly credentials: Credentials;
  readonly sessions: UploadSessions;
}

export interface GcsBucket extends Bucket {
  /** Lets go of idle connections. */
  close(): void;
}

/**
 * A bucket of Google Cloud Storage below a prefix, over its JSON API. Written and read directly,
 * with the official client's credentials: its own requests take six times the CPU time, and hide
 * from us whether a slow one still moves.
 */
export function openGcsBucket(options: GcsOptions): GcsBucket {
  const { bucket, prefix, endpoint, credentials, sessions } = options;
  const exchange = openExchange();
  const full = (name: string): string => (prefix === '' ? name : `${prefix}/${name}`);
  const objects = `${endpoint}/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  const objectUrl = (name: string): string => `${objects}/${encodeURIComponent(full(name))}`;

  const ask: Ask = async (question, call) => {
    const once = (proof: Proof): Promise<Answer> =>
      exchange.ask({ ...question, headers: { ...question.headers, ...proof } }, call);
    const proof = await credentials.headers(false);
    const answer = await once(proof);
    if (answer.status !== 401) return answer;
    // Another request may have got fresh ones meanwhile.
    const later = await credentials.headers(false);
    const fresh = same(later, proof) ? await credentials.headers(true) : later;
    if (same(fresh, proof)) return answer;
    await answer.text().catch(() => '');
    if (question.body === undefined) return once(fresh);
    throw new Broken('the credentials had run out');
  };

  async function* pages(
    start: string,
    call: Call,
  ): AsyncIterable<Result<readonly BucketEntry[], BucketProblem>> {
    for (let token: string | undefined = ''; token !== undefined;) {
      const query = new URLSearchParams({
        ...{ prefix: full(start), maxResults: '1000' },
        fields: 'items(name,size,timeCreated,crc32c),nextPageToken',
        ...(token !== '' && { pageToken: token }),
      });
      const answer = await ask(
        { method: 'GET', url: `${objects}?${query.toString()}`, headers: {} },
        call,
      );
      if (answer.status !== 200) {
        yield err(await problemOf(answer, { name: start, bucket, of: 'bucket' }));
        return;
      }
      const page = parse(await answer.text()) as Listing;
      yield ok(
        (page.items ?? []).map(({ name, size, timeCreated, crc32c: crc }) => ({
          name: prefix === '' ? name : name.slice(prefix.length + 1),
          size: Number(size),
          at: Date.parse(timeCreated),
          ...(crc !== undefined && { crc32c: parseCrc(crc) }),
        })),
      );
      token = page.nextPageToken === '' ? undefined : page.nextPageToken;
    }
  }

  return {
    url: `gs://${bucket}${prefix === '' ? '' : `/${prefix}`}`,

    create: (name, content, call) =>
      attempt(name, call, () =>
        upload({ bucket, endpoint, full: full(name), name, content, sessions, ask }, call),
      ),

    read: (name, range, take, call) =>
      attempt(name, call, async () => {
        if (range.to !== undefined && range.to <= range.from) return ok(undefined);
        const last = range.to === undefined ? '' : String(range.to - 1);
        const headers = { range: `bytes=${range.from}-${last}`, 'accept-encoding': 'identity' };
        const url = `${objectUrl(name)}?alt=media`;
        const answer = await ask({ method: 'GET', url, headers }, call);
        const total = /\/(\d+)$/.exec(answer.headers['content-range'] ?? '')?.[1];
        if (answer.status === 416) {
          await answer.text();
          if (range.to === undefined && Number(total ?? range.from) <= range.from)
            return ok(undefined);
          return err({ kind: 'refused', name, cause: `it has ${total} bytes, not ${range.from}` });
        }
        const isWhole = answer.status === 200 && range.from === 0;
        if (!isWhole && answer.status !== 206) {
          if (answer.status === 200) {
            return err({ kind: 'unavailable', name, cause: 'it answered with another range' });
          }
          return err(await problemOf(answer, { name, bucket, of: 'object' }));
        }
        const size = total === undefined ? undefined : Number(total);
        const end = Math.min(range.to ?? Infinity, size ?? Infinity);
        // Who reads a part knows its digest; of small objects that are read whole nobody may.
        const announced = range.from === 0 && range.to === undefined ? crcIn(answer) : undefined;
        let crc = 0;
        let at = range.from;
        for await (const piece of answer.pieces()) {
          const part = piece.subarray(0, end - at);
          at += part.length;
          if (announced !== undefined) crc = crc32c(part, crc);
          if (part.length > 0) await take(part);
          letGo(piece);
        }
        // Chunked bodies have no length that could be missed.
        if (end !== Infinity && at < end) {
          return err({
            kind: 'unavailable',
            name,
            cause: `the answer ended at byte ${at} of ${end}`,
          });
        }
        if (announced !== undefined && announced !== crc) {
          return err({ kind: 'corrupt', name, cause: 'other bytes came than the bucket has' });
        }
        if (range.to === undefined || range.to <= at) return ok(undefined);
        return err({ kind: 'refused', name, cause: `it has ${at} bytes, not ${range.to}` });
      }),

    list: (start, call) =>
      attempt(start, call, async () => {
        const found: BucketEntry[] = [];
        for await (const page of pages(start, call)) {
          if (!page.ok) return page;
          found.push(...page.value);
        }
        return ok(found.sort((a, b) => byCodeUnit(a.name, b.name)));
      }),

    remove: (name, call) =>
      attempt(name, call, async () => {
        const answer = await ask({ method: 'DELETE', url: objectUrl(name), headers: {} }, call);
        if (answer.status !== 204 && answer.status !== 200) {
          return err(await problemOf(answer, { name, bucket, of: 'object' }));
        }
        await answer.text();
        return ok(undefined);
      }),

    close: () => exchange.close(),
  };
}

interface Listing {
  readonly items?: readonly {
    readonly name: string;
    readonly size: string;
    /** RFC 3339. */
    readonly timeCreated: string;
    readonly crc32c?: string;
  }[];
  readonly nextPageToken?: string;
}

/** The checksum of the whole object, as every download tells it. */
function crcIn({ headers }: Answer): number | undefined {
  const [, text] = /\bcrc32c=([\w+/]{6}==)/.exec(String(headers['x-goog-hash'] ?? '')) ?? [];
  return text === undefined ? undefined : parseCrc(text);
}

const same = (a: Proof, b: Proof): boolean => JSON.stringify(a) === JSON.stringify(b);

async function attempt<T>(
  name: string,
  call: Call,
  work: () => Promise<Result<T, BucketProblem>>,
): Promise<Result<T, BucketProblem>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Broken) {
      if (call.signal.aborted) return err({ kind: 'cancelled', name });
      return err({ kind: 'unavailable', name, cause: error.message });
    }
    if (error instanceof NoCredentials) {
      return err({ kind: 'denied', name, cause: error.message, hint: LOG_IN });
    }
    throw error;
  }
}
