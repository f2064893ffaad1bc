import t, { type Test } from 'tap';
import type { RepoPath } from '../model/names.ts';
import { runRecord } from '../testing/contracts/run-log.contract.ts';
import { FakeBucket } from '../testing/fake-bucket.ts';
import { createMachine, SAMPLE, type Machine } from '../testing/transfers.ts';
import type { Want } from './closure.ts';
import { openSupply } from './supply.ts';

const open = async ({ remote, ports }: Machine, signal = new AbortController().signal) => {
  const supply = await openSupply('lab', remote, ports, { jobs: 4, signal });
  if (!supply.ok) throw new Error(JSON.stringify(supply.error));
  return supply.value;
};

const at = ({ path, ref }: Want) => ({ path: path as RepoPath, ref });

/** A remote that somebody pushed a directory, a large file and a run to, and one who has nothing. */
async function scene(t: Test) {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const data = at(await ana.keep('data', SAMPLE));
  const large = at(await ana.keep('large', { '': SAMPLE['large.bin'] ?? '' }));
  const unpushed = at(await ana.keep('unpushed', { '': 'here only' }));
  const run = await ana.ports.runs.record(runRecord('train', 1));
  await ana.push([data, large], [run]);
  return { bucket, ana, data, large, unpushed, run, ben: await createMachine(t, bucket) };
}

t.test('a remote offers what it has, and tells its runs at once', async (t) => {
  const { bucket, data, large, unpushed, run, ben } = await scene(t);
  const supply = await open(ben);
  t.same(await ben.ports.runs.get(run.id), run);
  bucket.calls.length = 0;
  t.ok(await supply.offers(data.ref));
  t.ok(await supply.offers(large.ref));
  t.notOk(await supply.offers(unpushed.ref));
  t.same(bucket.calls, [], 'without a request');
  t.match(await supply.bring([data, large]), { ok: true });
  t.ok(await ben.ports.workspace.holds(data.ref));
  t.ok(await ben.restore(data));
});

t.test('several may ask at the same time, also for the same', async (t) => {
  const { bucket, data, large, ben } = await scene(t);
  const supply = await open(ben);
  bucket.calls.length = 0;
  const brought = await Promise.all([
    supply.bring([large]),
    supply.bring([data, large]),
    supply.bring([large]),
  ]);
  t.ok(brought.every(({ ok }) => ok));
  const reads = bucket.calls.filter((call) => call.startsWith('read blobs/'));
  t.equal(reads.length, 1, 'the large one came once');
});

t.test('what is not there after all is offered no more', async (t) => {
  const { bucket, data, large, ben } = await scene(t);
  const supply = await open(ben);
  // A gc took all that lies alone, and its index with it.
  for (const name of bucket.objects.keys()) {
    if (/^(blobs|index)/.test(name)) bucket.objects.delete(name);
  }
  t.ok(await supply.offers(large.ref), 'as far as is known');
  t.match(await supply.bring([data, large]), { ok: true });
  for (const { ref } of [data, large]) t.notOk(await supply.offers(ref));
  t.notOk(await ben.ports.workspace.holds(data.ref));
});

t.test('a remote that fails says so, and is asked again the next time', async (t) => {
  const { bucket, large, ben } = await scene(t);
  const supply = await open(ben);
  let fails = true;
  bucket.onCall = async (verb, name) =>
    fails && verb === 'read' && name.startsWith('blobs/')
      ? { kind: 'denied', name, cause: '403', hint: 'gcloud auth application-default login' }
      : undefined;
  t.match(await supply.bring([large]), {
    error: { kind: 'remote', diagnostics: [{ code: 'remote/denied', hint: /^gcloud/ }] },
  });
  t.ok(await supply.offers(large.ref), 'it is there all the same');
  fails = false;
  t.match(await supply.bring([large]), { ok: true });
  t.ok(await ben.ports.workspace.holds(large.ref));

  bucket.onCall = async (verb, name) => ({ kind: 'refused', name, cause: `no ${verb}` });
  const { remote, ports } = await createMachine(t, bucket);
  const { signal } = new AbortController();
  t.match(await openSupply('lab', remote, ports, { jobs: 4, signal }), {
    error: { kind: 'remote' },
  });
});

t.test('bytes that are not what they should be never come', async (t) => {
  const { bucket, data, ben } = await scene(t);
  const supply = await open(ben);
  bucket.onBytes = (name, bytes) =>
    name.startsWith('packs/') ? bytes.map((byte) => byte ^ 1) : bytes;
  t.match(await supply.bring([data]), {
    error: { kind: 'corruption', diagnostics: [{ code: 'remote/wrong-bytes' }] },
  });
  t.notOk(await ben.ports.workspace.holds(data.ref));
});
