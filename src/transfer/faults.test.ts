import t, { type Test } from 'tap';
import { noCredentials } from '../adapters/bucket-gcs/credentials.ts';
import { openGcsBucket } from '../adapters/bucket-gcs/bucket-gcs.ts';
import { patternOf } from '../testing/contracts/bucket.contract.ts';
import { startFakeGcs, type FakeGcs } from '../testing/fake-gcs.ts';
import { startFaultProxy, type Fault, type FaultProxy } from '../testing/fault-proxy.ts';
import { cameWhole, createMachine, type Machine } from '../testing/transfers.ts';

/** Small ones in a pack, one alone in one request, one alone in two and a session. */
const FILES = {
  ...Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`${index}.bin`, patternOf(20_000, index + 1)]),
  ),
  'medium.bin': patternOf(2_000_000, 77),
  'large.bin': patternOf(9_000_000, 78),
};

interface Bed {
  readonly gcs: FakeGcs;
  readonly proxy: FaultProxy;
  readonly machine: (root?: string) => Promise<Machine>;
}

async function openBed(t: Test): Promise<Bed> {
  const gcs = await startFakeGcs(t);
  const proxy = await startFaultProxy(t, gcs.endpoint);
  return {
    ...{ gcs, proxy },
    machine: (root) =>
      createMachine(
        t,
        (sessions) => {
          const { endpoint } = proxy;
          const bucket = openGcsBucket({
            ...{ bucket: 'birds', prefix: 'p', endpoint, credentials: noCredentials, sessions },
          });
          t.teardown(() => bucket.close());
          return bucket;
        },
        root === undefined ? {} : { root },
      ),
  };
}

const isData = (url: string): boolean => /packs|blobs|upload_id|uploadType/.test(url);
/** Every third request for data goes wrong, so that no object fails five times in a row. */
const everyThird = (fault: Fault, method: RegExp): FaultProxy['onRequest'] => {
  let seen = 0;
  return ({ method: asked, url }) =>
    isData(url) && method.test(asked) && seen++ % 3 === 0 ? fault : undefined;
};

const retried = (machine: Machine): number =>
  machine.events.filter((event) => event.type === 'diagnostic').length;

const PULL_FAULTS: readonly Fault[] = [
  { kind: 'stall', afterBytes: 100_000 },
  { kind: 'reset', afterBytes: 100_000 },
  { kind: 'truncate', afterBytes: 100_000 },
  { kind: 'status', status: 503 },
  { kind: 'flip', at: 100 },
];

for (const fault of PULL_FAULTS) {
  t.test(`pull: ${fault.kind}`, async (t) => {
    const { proxy, machine } = await openBed(t);
    const ana = await machine();
    const want = await ana.keep('data', FILES);
    t.match(await ana.push([want]), { ok: true });
    const ben = await machine();
    proxy.onRequest = everyThird(fault, /GET/);
    const fetched = await ben.fetch([want]);
    t.ok(cameWhole(fetched), JSON.stringify(fetched));
    t.ok(await ben.restore(want), 'right bytes');
    if (fault.kind !== 'flip') t.ok(retried(ben) > 0, 'each try is told');
  });
}

const PUSH_FAULTS: readonly Fault[] = [
  { kind: 'stall-upload', afterBytes: 200_000 },
  { kind: 'reset-upload', afterBytes: 200_000 },
  { kind: 'lose-answer' },
  { kind: 'stall', afterBytes: 0 },
  { kind: 'status', status: 503 },
  { kind: 'flip-upload', at: 1000 },
];

for (const fault of PUSH_FAULTS) {
  t.test(`push: ${fault.kind}`, async (t) => {
    const { proxy, machine } = await openBed(t);
    const ana = await machine();
    const want = await ana.keep('data', FILES);
    proxy.onRequest = everyThird(fault, /POST|PUT/);
    const pushed = await ana.push([want]);
    t.match(pushed, { ok: true }, JSON.stringify(pushed));
    proxy.onRequest = () => undefined;
    const ben = await machine();
    t.ok(cameWhole(await ben.fetch([want])));
    t.ok(await ben.restore(want), 'right bytes');
  });
}

t.test(
  'one object stalls for ever: it is named, the rest is kept, the next run goes on',
  async (t) => {
    const { gcs, proxy, machine } = await openBed(t);
    const ana = await machine();
    const want = await ana.keep('data', FILES);
    proxy.onRequest = ({ method }) =>
      method === 'PUT' ? { kind: 'stall-upload', afterBytes: 0 } : undefined;
    const stuck = await ana.push([want]);
    t.match(stuck, { ok: false, error: { kind: 'remote' } });
    t.match(JSON.stringify(stuck), /remote\/stalled.*blobs\//);
    t.notOk(
      [...gcs.objects.keys()].some((name) => /index|roots/.test(name)),
      'nothing is promised',
    );
    proxy.onRequest = () => undefined;
    const before = gcs.uploaded();
    t.match(await ana.push([want]), { ok: true });
    const sent = gcs.uploaded() - before;
    t.ok(sent < 9_100_000, `${sent} bytes: what had arrived was not sent again`);

    const ben = await machine();
    proxy.onRequest = ({ url, method }) =>
      method === 'GET' && /blobs.*alt=media/.test(url)
        ? { kind: 'stall', afterBytes: 0 }
        : undefined;
    t.match(JSON.stringify(await ben.fetch([want])), /remote\/stalled.*blobs\//);
    proxy.onRequest = () => undefined;
    t.ok(cameWhole(await ben.fetch([want])));
  },
);

t.test('an index that is read wrong once is read again', async (t) => {
  const { proxy, machine } = await openBed(t);
  const ana = await machine();
  const want = await ana.keep('data', { 'a.txt': 'robin' });
  await ana.push([want]);
  let flipped = 0;
  proxy.onRequest = ({ url }) =>
    /index%2F.*alt=media/.test(url) && flipped++ < 2 ? { kind: 'flip', at: 60 } : undefined;
  const ben = await machine();
  t.ok(cameWhole(await ben.fetch([want])));
  t.equal(flipped, 3);
});

t.test('a byte that is wrong for good: nothing of it is kept, and it is named', async (t) => {
  const { gcs, machine } = await openBed(t);
  const ana = await machine();
  const want = await ana.keep('data', FILES);
  await ana.push([want]);
  for (const kind of ['packs/', 'blobs/']) {
    const name = [...gcs.objects.keys()].find((each) => each.includes(kind)) ?? '';
    const right = gcs.objects.get(name) ?? Buffer.alloc(0);
    const wrong = Buffer.from(right);
    const at = wrong.length - 100_000;
    wrong[at] = (wrong[at] ?? 0) ^ 1;
    gcs.objects.set(name, wrong);
    const ben = await machine();
    const fetched = await ben.fetch([want]);
    t.match(fetched, {
      ok: false,
      error: { kind: 'corruption', diagnostics: [{ code: 'remote/wrong-bytes' }] },
    });
    t.match(JSON.stringify(fetched), new RegExp(name.slice(2)));
    t.notOk(await ben.restore(want), 'and nothing is put into the workspace');
    gcs.objects.set(name, right);
  }
});

t.test(
  'a large download that breaks off for good is gone on with by the next process',
  async (t) => {
    const { proxy, machine } = await openBed(t);
    const ana = await machine();
    const want = await ana.keep('large.bin', { '': FILES['large.bin'] });
    await ana.push([want]);
    const ben = await machine();
    let tries = 0;
    proxy.onRequest = ({ url }) =>
      !/blobs/.test(url)
        ? undefined
        : tries++ === 0
          ? { kind: 'reset', afterBytes: 3_000_000 }
          : { kind: 'status', status: 503 };
    t.match(await ben.fetch([want]), { ok: false });
    await ben.close();
    const again = await machine(ben.root);
    proxy.onRequest = () => undefined;
    proxy.passed.length = 0;
    t.ok(cameWhole(await again.fetch([want])));
    const received = proxy.passed
      .filter(({ url }) => url.includes('blobs'))
      .reduce((sum, each) => sum + each.received, 0);
    t.ok(received < FILES['large.bin'].length - 2_000_000, `${received} bytes`);
    t.ok(await again.restore(want));
  },
);
