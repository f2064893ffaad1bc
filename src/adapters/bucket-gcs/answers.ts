import type { BucketProblem } from '../../ports/bucket.ts';
import type { Answer } from './exchange.ts';

/** What an answer that is no success means. `of` says what was asked for, for a 404. */
export async function problemOf(
  answer: Answer,
  { name, bucket, of }: { readonly name: string; readonly bucket: string; readonly of: Asked },
): Promise<BucketProblem> {
  const { status } = answer;
  const body = await answer.text().catch(() => '');
  const { message, reason } = readError(body);
  const cause = `${status} ${message}`.trim();
  if (status === 412) return { kind: 'exists', name };
  if (status === 404 && of === 'object' && !/bucket/i.test(message)) {
    return { kind: 'not-found', name };
  }
  if (status === 404) {
    const hint = `make it: gcloud storage buckets create gs://${bucket}`;
    return { kind: 'refused', name, cause: `there is no bucket ${bucket}`, hint };
  }
  if (status === 401) return { kind: 'denied', name, cause, hint: LOG_IN };
  if (status === 403 && !/ratelimit|quotaexceeded/i.test(reason)) {
    return { kind: 'denied', name, cause, hint: allow(bucket, message) };
  }
  if (status === 400 && /crc32c|md5|checksum|hash/i.test(message)) {
    return { kind: 'corrupt', name, cause };
  }
  if (status === 403 || status === 408 || status === 429 || status >= 500) {
    return { kind: 'unavailable', name, cause };
  }
  return { kind: 'refused', name, cause };
}

type Asked = 'object' | 'bucket';

export const LOG_IN = 'gcloud auth application-default login';

/** Google says who may not do what: `robin@example.org does not have storage.objects.get access to …`. */
function allow(bucket: string, message: string): string {
  const [, who = ''] = /^([^\s@]+@[^\s@]+) does not have /.exec(message) ?? [];
  const member =
    who === ''
      ? 'user:YOU@EXAMPLE.ORG'
      : `${who.endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user'}:${who}`;
  return `gcloud storage buckets add-iam-policy-binding gs://${bucket} --member=${member} --role=roles/storage.objectUser`;
}

/** Google's JSON error, or the beginning of whatever else came. */
function readError(body: string): { readonly message: string; readonly reason: string } {
  try {
    const { error } = JSON.parse(body) as {
      error?: { message?: string; errors?: readonly { reason?: string }[] };
    };
    return { message: error?.message ?? '', reason: error?.errors?.[0]?.reason ?? '' };
  } catch {
    return { message: body.replaceAll(/\s+/g, ' ').slice(0, 200), reason: '' };
  }
}
