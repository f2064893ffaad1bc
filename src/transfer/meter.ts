import type { RequestCounts } from '../model/transfer.ts';
import type { Bucket, Call } from '../ports/bucket.ts';

/** What a bucket was asked so far. */
export interface Meter {
  readonly requests: RequestCounts;
  readonly sent: number;
  readonly received: number;
}

/** Names that Google puts on one page of a listing: each page is a request. */
const PAGE = 1000;

/** The same bucket, counting: each try, whether or not it brought anything. */
export function meteredBucket(bucket: Bucket): {
  readonly bucket: Bucket;
  readonly read: () => Meter;
} {
  const requests = { a: 0, b: 0, free: 0 };
  let [sent, received] = [0, 0];
  const counting = (call: Call, count: (bytes: number) => void): Call => ({
    ...call,
    onAlive(bytes) {
      count(bytes);
      call.onAlive(bytes);
    },
  });
  return {
    read: () => ({ requests: { ...requests }, sent, received }),
    bucket: {
      url: bucket.url,
      create(name, content, call) {
        requests.a += 1;
        return bucket.create(
          name,
          content,
          counting(call, (bytes) => (sent += bytes)),
        );
      },
      read(name, range, take, call) {
        requests.b += 1;
        return bucket.read(
          name,
          range,
          take,
          counting(call, (bytes) => (received += bytes)),
        );
      },
      async list(prefix, call) {
        const listed = await bucket.list(prefix, call);
        requests.a += listed.ok ? Math.max(1, Math.ceil(listed.value.length / PAGE)) : 1;
        return listed;
      },
      remove(name, call) {
        requests.free += 1;
        return bucket.remove(name, call);
      },
    },
  };
}
