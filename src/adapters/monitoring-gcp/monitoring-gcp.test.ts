import t from 'tap';
import { startFakeMonitoring } from '../../testing/fake-monitoring.ts';
import { DashboardFailure, failureOf } from './failures.ts';
import { openMonitoring } from './monitoring-gcp.ts';

const SCOPE = { project: 'birds-123', region: 'europe-west1', service: 'aviansight' };

t.test('without credentials it says so, before any call', async (t) => {
  const before = { ...process.env };
  t.teardown(() => {
    process.env = before;
  });
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  for (const [name, value] of [
    ['GOOGLE_APPLICATION_CREDENTIALS', `${t.testdirName}/none.json`],
    ['GOOGLE_APPLICATION_CREDENTIALS', ''],
  ] as const) {
    // No gcloud of the machine that runs the test either.
    process.env['HOME'] = t.testdir();
    process.env['CLOUDSDK_CONFIG'] = process.env['HOME'];
    process.env[name] = value;
    const monitoring = openMonitoring(SCOPE);
    t.match(await monitoring.list(), { ok: false, error: { kind: 'no-credentials' } });
    await monitoring.close();
  }
});

t.test('a server that is not there', async (t) => {
  const { options } = await startFakeMonitoring(t);
  const monitoring = openMonitoring(SCOPE, { ...options, dashboards: 'http://127.0.0.1:9' });
  t.match(await monitoring.list(), {
    error: { kind: 'unavailable', cause: /ECONNREFUSED|bad port/ },
  });
  await monitoring.close();
});

t.test(
  'what lies at Google: pages are turned, what is gone counts as removed, labels say whose it is',
  async (t) => {
    const fake = await startFakeMonitoring(t);
    const monitoring = openMonitoring(SCOPE, fake.options);
    t.teardown(() => monitoring.close());
    const wanted = (key: string) =>
      ({ kind: 'dashboard', key, title: key, body: { displayName: key } }) as const;
    for (const key of ['a', 'b', 'c', 'd', 'e'])
      t.match(await monitoring.create(wanted(key)), { ok: true });
    const found = await monitoring.list();
    t.match(found, {
      ok: true,
      value: ['a', 'b', 'c', 'd', 'e'].map((key) => ({ kind: 'dashboard', key })),
    });
    t.equal(fake.calls.filter((call) => call === 'GET dashboards').length, 3);
    t.same(await openMonitoring({ ...SCOPE, region: 'us-central1' }, fake.options).list(), {
      ok: true,
      value: [],
    });

    const name = found.ok ? (found.value[0]?.name ?? '') : '';
    t.same(await monitoring.remove('dashboard', name), { ok: true, value: undefined });
    t.same(await monitoring.remove('dashboard', name), { ok: true, value: undefined });
    t.same(await monitoring.remove('policy', 'projects/birds-123/alertPolicies/9'), {
      ok: true,
      value: undefined,
    });
    t.match(await monitoring.update(name, wanted('a')), {
      error: { kind: 'refused', isGone: true },
    });
  },
);

t.test("an error that is nobody else's is thrown on", async (t) => {
  t.throws(() => failureOf(new TypeError('undefined is not a function')), { name: 'TypeError' });
  t.throws(() => failureOf('text'));
  t.match(failureOf(new DashboardFailure(500, 'oh')), { kind: 'unavailable', cause: 'oh' });
  t.match(failureOf(new DashboardFailure(409, 'oh')), { kind: 'refused', isGone: false });
  const reset = Object.assign(new Error('read\n ECONNRESET'), { code: 'ECONNRESET' });
  t.same(failureOf(reset), { kind: 'unavailable', cause: 'read ECONNRESET' });
});
