import { err, ok, type Result } from '../../model/result.ts';
import type { BucketProblem, Call, Content, UploadSessions } from '../../ports/bucket.ts';
import { crc32c } from '../hash/crc32c.ts';
import { problemOf } from './answers.ts';
import type { Answer } from './exchange.ts';
import { formatCrc, parse, parseCrc, type Ask } from './wire.ts';

/** Up to here in one request, which starts anew when it breaks off. Above it in a resumable session. */
const AT_ONCE = 8 * 1024 * 1024;
const TYPE = 'application/octet-stream';

export interface Upload {
  readonly bucket: string;
  readonly endpoint: string;
  /** With the remote's prefix; `name` is without. */
  readonly full: string;
  readonly name: string;
  readonly content: Content;
  readonly sessions: UploadSessions;
  readonly ask: Ask;
}

/** Creates the object, or goes on with what an earlier try began. */
export const upload = (job: Upload, call: Call): Promise<Result<void, BucketProblem>> =>
  job.content.size <= AT_ONCE ? uploadAtOnce(job, call) : uploadInSession(job, call);

/** Metadata with the checksum, then the bytes: the bucket refuses them when they do not fit. */
async function uploadAtOnce(job: Upload, call: Call): Promise<Result<void, BucketProblem>> {
  const { content, full, name } = job;
  const pieces: Uint8Array[] = [];
  let crc = 0;
  for await (const piece of content.read(0, content.size)) {
    crc = crc32c(piece, crc);
    pieces.push(piece);
  }
  const boundary = 'avian-1f2b64a3c07d4e7f';
  const metadata = JSON.stringify({ name: full, crc32c: formatCrc(crc), contentType: TYPE });
  const head = Buffer.from(
    `--${boundary}\r\ncontent-type: application/json\r\n\r\n${metadata}\r\n` +
      `--${boundary}\r\ncontent-type: ${TYPE}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const answer = await job.ask(
    {
      method: 'POST',
      url: uploadUrl(job, 'multipart'),
      headers: { 'content-type': `multipart/related; boundary=${boundary}` },
      body: {
        size: head.length + content.size + tail.length,
        pieces: inPieces([head, ...pieces, tail]),
      },
    },
    call,
  );
  if (answer.status !== 200 && answer.status !== 201) {
    return err(await problemOf(answer, { name, bucket: job.bucket, of: 'bucket' }));
  }
  return settle(job, answer, crc, call);
}

/**
 * A resumable session, with all that is left in one request: one that breaks off is no loss, since the
 * bucket keeps what came of it, in steps of 256 KiB, and is asked for that before the next.
 */
async function uploadInSession(job: Upload, call: Call): Promise<Result<void, BucketProblem>> {
  const { content, name, sessions, bucket } = job;
  const known = await sessions.session(name);
  const begun = known === undefined ? await begin(job, call) : ok(known);
  if (!begun.ok) return begun;
  const session = begun.value;
  let crc = 0;
  let position = 0;
  // What the bucket has of a session that was interrupted; the question has no bytes.
  let end = known === undefined ? content.size : 0;
  for (;;) {
    const range = end === position ? '*' : `${position}-${end - 1}`;
    const sent = { crc };
    const answer = await job.ask(
      {
        method: 'PUT',
        url: session,
        headers: { 'content-type': TYPE, 'content-range': `bytes ${range}/${content.size}` },
        body: { size: end - position, pieces: summed(content.read(position, end), sent) },
      },
      call,
    );
    if (answer.status === 200 || answer.status === 201) {
      // The session is kept: asked again, the bucket says once more that all is done.
      const whole = end === content.size ? sent.crc : await crcOf(content, content.size);
      return settle(job, answer, whole, call);
    }
    if (answer.status !== 308) {
      const problem = await problemOf(answer, { name, bucket, of: 'object' });
      if (problem.kind !== 'unavailable' && problem.kind !== 'denied') {
        await sessions.forgetSession(name);
      }
      // A session lives for a week; one that is gone is begun anew by the next try.
      const isGone = answer.status === 404 || answer.status === 410;
      return err(
        isGone ? { kind: 'unavailable', name, cause: 'the upload session is gone' } : problem,
      );
    }
    await answer.text();
    const kept = Number(/-(\d+)$/.exec(answer.headers.range ?? '')?.[1] ?? -1) + 1;
    const isAsked = end === position;
    // All of it and not done, more than there is, or less than before: no state that can be gone on from.
    if (kept >= content.size || (kept < position && !isAsked)) {
      await sessions.forgetSession(name);
      return err({ kind: 'unavailable', name, cause: 'the upload session is not where it was' });
    }
    if (kept === position && !isAsked) {
      return err({ kind: 'unavailable', name, cause: 'the bucket kept nothing of what was sent' });
    }
    crc = kept === end ? sent.crc : await crcOf(content, kept);
    position = kept;
    end = content.size;
    call.onSafe(position);
  }
}

async function begin(job: Upload, call: Call): Promise<Result<string, BucketProblem>> {
  const { name, bucket, endpoint, full, content } = job;
  const metadata = Buffer.from(JSON.stringify({ name: full, contentType: TYPE }));
  const answer = await job.ask(
    {
      method: 'POST',
      url: `${uploadUrl(job, 'resumable')}&name=${encodeURIComponent(full)}`,
      headers: {
        'content-type': 'application/json',
        'x-upload-content-type': TYPE,
        'x-upload-content-length': String(content.size),
      },
      body: { size: metadata.length, pieces: inPieces([metadata]) },
    },
    call,
  );
  const { location } = answer.headers;
  if ((answer.status !== 200 && answer.status !== 201) || location === undefined) {
    return err(await problemOf(answer, { name, bucket, of: 'bucket' }));
  }
  await answer.text();
  // By the way we came: behind a proxy or a private endpoint the bucket names an address of its own.
  const { pathname, search } = new URL(location, endpoint);
  const session = `${endpoint}${pathname}${search}`;
  await job.sessions.rememberSession(name, session);
  return ok(session);
}

/** Believes an upload only when the bucket's own checksum and size are ours. */
async function settle(
  job: Upload,
  answer: Answer,
  crc: number,
  call: Call,
): Promise<Result<void, BucketProblem>> {
  const stored = parse(await answer.text()) as { size?: string; crc32c?: string };
  const isRight =
    (stored.size === undefined || Number(stored.size) === job.content.size) &&
    (stored.crc32c === undefined || parseCrc(stored.crc32c) === crc);
  if (isRight) {
    call.onSafe(job.content.size);
    return ok(undefined);
  }
  await job.sessions.forgetSession(job.name);
  // Nobody knows of it yet: no segment names it.
  const removed = await job.ask(
    {
      method: 'DELETE',
      url: `${job.endpoint}/storage/v1/b/${encodeURIComponent(job.bucket)}/o/${encodeURIComponent(job.full)}`,
      headers: {},
    },
    call,
  );
  await removed.text();
  return err({
    kind: 'corrupt',
    name: job.name,
    cause: 'the bucket got other bytes than were sent',
  });
}

const uploadUrl = ({ endpoint, bucket }: Upload, type: string): string =>
  `${endpoint}/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?uploadType=${type}&ifGenerationMatch=0`;

async function* inPieces(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* pieces;
}

async function* summed(
  pieces: AsyncIterable<Uint8Array>,
  sum: { crc: number },
): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) {
    sum.crc = crc32c(piece, sum.crc);
    yield piece;
  }
}

async function crcOf(content: Content, end: number): Promise<number> {
  let crc = 0;
  for await (const piece of content.read(0, end)) crc = crc32c(piece, crc);
  return crc;
}
