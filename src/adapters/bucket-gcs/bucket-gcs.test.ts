import t, { type Test } from 'tap';
import type { UploadSessions } from '../../ports/bucket.ts';
import {
  bucketContract,
  contentOf,
  patternOf,
  plainCall,
  readAll,
} from '../../testing/contracts/bucket.contract.ts';
import { startFakeGcs } from '../../testing/fake-gcs.ts';
import { startFaultProxy } from '../../testing/fault-proxy.ts';
import { findEmulator, INSTALL, startEmulator } from '../../testing/gcs-emulator.ts';
import { openGcsBucket, type GcsOptions } from './bucket-gcs.ts';
import { noCredentials } from './credentials.ts';

export function memorySessions(): UploadSessions & { readonly known: Map<string, string> } {
  const known = new Map<string, string>();
  return {
    known,
    session: async (name) => known.get(name),
    rememberSession: async (name, uri) => void known.set(name, uri),
    forgetSession: async (name) => void known.delete(name),
  };
}

function open(t: Test, endpoint: string, changes: Partial<GcsOptions> = {}) {
  const bucket = openGcsBucket({
    ...{ bucket: 'birds', prefix: 'team/data', endpoint, credentials: noCredentials },
    sessions: memorySessions(),
    ...changes,
  });
  t.teardown(() => bucket.close());
  return bucket;
}

t.test('contract, in process', (t) => {
  bucketContract(t, async (t) => open(t, (await startFakeGcs(t)).endpoint));
  t.end();
});

const emulator = findEmulator();
t.test(
  'contract, fake-gcs-server',
  { skip: emulator === undefined && `needs fake-gcs-server: ${INSTALL}` },
  async (t) => {
    const endpoint = await startEmulator(t, emulator ?? '');
    let opened = 0;
    bucketContract(t, async (t) => open(t, endpoint, { prefix: `p${++opened}` }));
  },
);

t.test('a large object that breaks off is gone on with, by another process too', async (t) => {
  const gcs = await startFakeGcs(t);
  const proxy = await startFaultProxy(t, gcs.endpoint);
  const bytes = patternOf(20 * 1024 * 1024 + 5);
  const sessions = memorySessions();
  // After the session was begun: the bytes break off in their middle.
  proxy.onRequest = ({ count }) =>
    count === 2 ? { kind: 'reset-upload', afterBytes: 11_000_000 } : undefined;
  const first = open(t, proxy.endpoint, { sessions });
  t.match(await first.create('large', contentOf(bytes), plainCall()), {
    ok: false,
    error: { kind: 'unavailable', name: 'large' },
  });
  const sent = gcs.uploaded();
  t.ok(sent > 8 * 1024 * 1024 && sent < 12 * 1024 * 1024, `${sent} bytes before`);
  t.notOk(gcs.objects.has('team/data/large'));

  const second = open(t, proxy.endpoint, { sessions });
  t.match(await second.create('large', contentOf(bytes), plainCall()), { ok: true });
  t.ok(gcs.objects.get('team/data/large')?.equals(bytes));
  const again = gcs.uploaded() - bytes.length;
  t.ok(again < 300_000, `${again} bytes were sent twice, less than what the bucket keeps at once`);
  proxy.onRequest = () => undefined;
  const before = gcs.uploaded();
  t.match(await second.create('large', contentOf(bytes), plainCall()), { ok: true });
  t.equal(gcs.uploaded(), before, 'a kill before the answer was noted costs a question');
});

t.test('an answer that gets lost costs one question', async (t) => {
  const gcs = await startFakeGcs(t);
  const proxy = await startFaultProxy(t, gcs.endpoint);
  const bytes = patternOf(9 * 1024 * 1024);
  const bucket = open(t, proxy.endpoint);
  proxy.onRequest = ({ count }) => (count === 2 ? { kind: 'lose-answer' } : undefined);
  t.match(await bucket.create('large', contentOf(bytes), plainCall()), { ok: false });
  t.match(await bucket.create('large', contentOf(bytes), plainCall()), { ok: true });
  t.ok(gcs.uploaded() - bytes.length < 200, 'nothing but the metadata beside the bytes');
});

t.test('an answer before all was sent leaves no connection that waits for the rest', async (t) => {
  const gcs = await startFakeGcs(t);
  const proxy = await startFaultProxy(t, gcs.endpoint);
  const bucket = open(t, proxy.endpoint);
  proxy.onRequest = ({ method }) =>
    method === 'POST' ? { kind: 'status', status: 503 } : undefined;
  const bytes = patternOf(8 * 1024 * 1024);
  t.match(await bucket.create('a', contentOf(bytes), plainCall()), {
    error: { kind: 'unavailable', cause: /503/ },
  });
  proxy.onRequest = () => undefined;
  t.match(await bucket.list('', plainCall()), { ok: true, value: [] });
});

t.test('a small object whose bytes change on their way is not believed', async (t) => {
  const gcs = await startFakeGcs(t);
  const proxy = await startFaultProxy(t, gcs.endpoint);
  const bucket = open(t, proxy.endpoint);
  await bucket.create('gc/1.json', contentOf(Buffer.from('{"condemned":[]}')), plainCall());
  proxy.onRequest = () => ({ kind: 'flip', at: 5 });
  t.match(await readAll(bucket, 'gc/1.json'), { kind: 'corrupt', name: 'gc/1.json' });
});

t.test('a session that is gone is begun anew', async (t) => {
  const gcs = await startFakeGcs(t);
  const sessions = memorySessions();
  sessions.known.set('large', `${gcs.endpoint}/upload/storage/v1/b/birds/o?upload_id=old`);
  const bucket = open(t, gcs.endpoint, { sessions });
  const bytes = patternOf(9 * 1024 * 1024);
  t.match(await bucket.create('large', contentOf(bytes), plainCall()), {
    ok: false,
    error: { kind: 'unavailable' },
  });
  t.match(await bucket.create('large', contentOf(bytes), plainCall()), { ok: true });
});

t.test('what the network does to a download is told as what it is', async (t) => {
  const gcs = await startFakeGcs(t);
  const proxy = await startFaultProxy(t, gcs.endpoint);
  const bucket = open(t, proxy.endpoint);
  const bytes = patternOf(1_000_000);
  await bucket.create('a', contentOf(bytes), plainCall());
  for (const fault of [
    { kind: 'reset', afterBytes: 1000 },
    { kind: 'truncate', afterBytes: 1000 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 429 },
  ] as const) {
    proxy.onRequest = () => fault;
    t.match(await readAll(bucket, 'a'), { kind: 'unavailable', name: 'a' }, fault.kind);
  }
  proxy.onRequest = () => undefined;
  t.ok(bytes.equals((await readAll(bucket, 'a')) as Buffer));
});

t.test('a bucket that is not there, and credentials that do not do', async (t) => {
  const gcs = await startFakeGcs(t, 'others');
  const bucket = open(t, gcs.endpoint);
  const hint = 'make it: gcloud storage buckets create gs://birds';
  t.match(await bucket.list('', plainCall()), { error: { kind: 'refused', hint } });
  t.match(await bucket.create('a', contentOf(Buffer.from('x')), plainCall()), {
    error: { kind: 'refused', hint },
  });
  t.match(await readAll(bucket, 'a'), { kind: 'refused', hint });
});

t.test('a token that has run out is replaced once; one that is refused is told', async (t) => {
  const gcs = await startFakeGcs(t);
  let token = 'old';
  const credentials = {
    headers: async (fresh: boolean) => {
      if (fresh) token = 'new';
      return { authorization: `Bearer ${token}` };
    },
  };
  const bucket = open(t, gcs.endpoint, { credentials });
  gcs.demand('new');
  t.match(await bucket.list('', plainCall()), { ok: true });
  token = 'old';
  const body = contentOf(Buffer.from('x'));
  t.match(await bucket.create('a', body, plainCall()), { error: { kind: 'unavailable' } });
  t.match(await bucket.create('a', body, plainCall()), { ok: true });
  gcs.demand('another');
  t.match(await bucket.list('', plainCall()), {
    error: { kind: 'denied', hint: 'gcloud auth application-default login' },
  });
});
