import { setTimeout as sleep } from 'node:timers/promises';
import { problem, type Problem } from '../../model/diagnostic.ts';
import type { Origin } from '../../model/lock.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Download, DownloadOptions } from '../../ports/downloads.ts';
import type { DownloadSettings } from './download-settings.ts';
import { openPart, type PartFile, type Validators } from './part-file.ts';
import { BadRedirect, request, Temporary, type Answer } from './http-request.ts';

const ATTEMPTS = 5;
/** An attempt that brought this much does not count as one: a long download may be cut often. */
const WORTH_BYTES = 1024 * 1024;
const LONGEST_WAIT_MS = 30_000;

/** Refused for good: the answer itself is wrong, and a further attempt would get the same. */
class Refused extends Error {
  readonly problem: Problem;
  constructor(why: Problem) {
    super(why.diagnostics[0]?.message);
    this.problem = why;
  }
}

export async function fetchHttp(
  url: string,
  options: DownloadOptions,
  settings: DownloadSettings,
): Promise<Result<Download | 'unchanged', Problem>> {
  const { idleMs = 30_000, backoffMs = 500, folder } = settings;
  const { signal, onRetry } = options;
  const part = openPart(folder, url);
  // Begun by an earlier process: if it is another file by now, it starts anew. Later on that would be a change.
  let isOurs = false;
  try {
    for (let failures = 0; ;) {
      const before = part.bytes;
      try {
        const origin = await attempt(url, part, { ...options, idleMs, isOurs });
        if (origin === 'unchanged') {
          part.remove();
          return ok('unchanged');
        }
        return ok({ file: part.path, digest: part.finish(), from: origin });
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Temporary)) throw error;
        failures = part.bytes - before >= WORTH_BYTES ? 1 : failures + 1;
        if (failures >= ATTEMPTS) return err(gaveUp(url, error.message));
        onRetry(error.message);
        // Full jitter: many machines that lost one server do not come back to it all at once.
        const most = Math.min(LONGEST_WAIT_MS, backoffMs * 2 ** failures);
        const wait = error.afterMs ?? most / 2 + (Math.random() * most) / 2;
        await sleep(Math.min(wait, LONGEST_WAIT_MS), undefined, { signal });
      }
      isOurs ||= part.bytes > 0;
    }
  } catch (error) {
    if (error instanceof Refused) {
      part.remove();
      return err(error.problem);
    }
    if (isFull(error)) {
      part.remove();
      const message = `${url} cannot be kept: ${error.message}`;
      return err(problem('stage', 'import/no-space', message, 'free some space'));
    }
    throw error;
  } finally {
    part.close();
  }
}

interface AttemptOptions extends DownloadOptions {
  readonly idleMs: number;
  /** What is in the part was received by this process. */
  readonly isOurs: boolean;
}

async function attempt(
  url: string,
  part: PartFile,
  { known, signal, idleMs, isOurs, onProgress }: AttemptOptions,
): Promise<Origin | 'unchanged'> {
  // Only a strong ETag says that two answers have the same bytes.
  const etag = isStrong(part.of?.etag) ? part.of.etag : undefined;
  const resumes = part.bytes > 0 && etag !== undefined;
  const headers = headersOf(part, known, resumes);
  const answer = await request(url, { headers, signal, idleMs }).catch((error: unknown) => {
    throw error instanceof BadRedirect ? new Refused(odd(url, error.message)) : error;
  });
  const received = validatorsOf(answer);
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    answer.drop();
    throw new Refused(odd(url, `the server insists on sending it as ${encoding}`));
  }
  switch (answer.status) {
    case 200:
      if (known !== undefined && isSame(known, received)) {
        answer.drop();
        return 'unchanged';
      }
      if (isOurs && resumes && isAnother(part.of, received)) throw new Refused(changed(url));
      part.begin(received);
      break;
    case 206:
      if (!resumes) throw new Refused(odd(url, 'it sent a part without being asked for one'));
      refuseWrongRange(url, part, answer, received);
      break;
    case 304:
      answer.drop();
      if (known !== undefined && !resumes) return 'unchanged';
      throw new Refused(odd(url, 'it answered 304 to a question without a condition'));
    case 416:
      // What is here is longer than the file is now, or all of it.
      answer.drop();
      if (isOurs) throw new Refused(changed(url));
      part.begin({});
      throw new Temporary('the server refused to continue an earlier download');
    default:
      answer.drop();
      throw new Refused(refusedBy(url, answer.status));
  }
  const { size } = part.of ?? {};
  for await (const piece of answer.body) {
    part.append(piece);
    if (size !== undefined && part.bytes > size) throw new Refused(tooLong(url, size));
    onProgress(part.bytes);
  }
  if (size !== undefined && part.bytes < size) {
    throw new Temporary(`it ended after ${part.bytes} of ${size} bytes`);
  }
  const { etag: tag, modified } = part.of ?? {};
  return {
    url,
    ...(tag !== undefined && { etag: tag }),
    ...(modified !== undefined && { modified }),
    size: part.bytes,
  };
}

function headersOf(
  part: PartFile,
  known: Origin | undefined,
  resumes: boolean,
): { readonly [name: string]: string } {
  // A digest is of the file, not of what a server made of it for the way.
  const plain = { 'accept-encoding': 'identity' };
  if (resumes) {
    return { ...plain, range: `bytes=${part.bytes}-`, 'if-range': part.of?.etag ?? '' };
  }
  return {
    ...plain,
    ...(known?.etag !== undefined && { 'if-none-match': known.etag }),
    ...(known?.etag === undefined &&
      known?.modified !== undefined && { 'if-modified-since': known.modified }),
  };
}

function validatorsOf({ status, headers }: Answer): Validators {
  const { etag, 'last-modified': modified, 'content-length': length } = headers;
  const total = /^bytes \d+-\d+\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
  const size = status === 206 ? total : length;
  return {
    ...(etag !== undefined && { etag }),
    ...(modified !== undefined && { modified }),
    ...(size !== undefined && /^\d+$/.test(size) && { size: Number(size) }),
  };
}

function refuseWrongRange(url: string, part: PartFile, answer: Answer, received: Validators): void {
  const start = /^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1];
  if (isAnother(part.of, received)) {
    answer.drop();
    throw new Refused(changed(url));
  }
  if (start !== String(part.bytes)) {
    answer.drop();
    throw new Refused(odd(url, `it sent bytes from ${start ?? 'nowhere'}, not ${part.bytes}`));
  }
}

const isStrong = (etag: string | undefined): etag is string =>
  etag !== undefined && !etag.startsWith('W/');

const isAnother = (before: Validators | undefined, now: Validators): boolean =>
  before?.etag !== now.etag ||
  (before?.size !== undefined && now.size !== undefined && before.size !== now.size);

/** For servers that ignore conditions. */
const isSame = (known: Origin, now: Validators): boolean =>
  now.etag === undefined && known.etag === undefined
    ? now.modified !== undefined && known.modified === now.modified && known.size === now.size
    : known.etag === now.etag && (now.size === undefined || known.size === now.size);

const isFull = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');

const NOTHING_TAKEN = 'nothing was taken over; what is pinned stays as it is';

const gaveUp = (url: string, cause: string): Problem =>
  problem(
    'remote',
    'import/gave-up',
    `${url} could not be fetched in ${ATTEMPTS} attempts: ${cause}`,
    'what arrived is kept: the same command goes on from there if the server can',
  );
const changed = (url: string): Problem =>
  problem(
    'remote',
    'import/changed-midway',
    `${url} changed while it was downloaded`,
    `${NOTHING_TAKEN}; try again`,
  );
const tooLong = (url: string, size: number): Problem =>
  problem(
    'remote',
    'import/wrong-length',
    `${url} sent more than the ${size} bytes it had announced`,
    NOTHING_TAKEN,
  );
const odd = (url: string, cause: string): Problem =>
  problem('remote', 'import/bad-answer', `${url} cannot be fetched: ${cause}`, NOTHING_TAKEN);
const refusedBy = (url: string, status: number): Problem =>
  problem(
    'remote',
    'import/refused',
    `${url} cannot be fetched: the server answered ${status}`,
    status === 401 || status === 403 ? 'it wants to know who asks' : 'check the URL',
  );
