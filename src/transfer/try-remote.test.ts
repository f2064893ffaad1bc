import t from 'tap';
import type { BucketProblem } from '../ports/bucket.ts';
import { createLab, OPTIONS } from '../testing/remote-lab.ts';
import { tryRemote } from './try-remote.ts';

const HINT = 'gcloud storage buckets add-iam-policy-binding gs://birds';

t.test('a remote that works is left as it was', async (t) => {
  const { client, bucket } = await createLab(t);
  const findings = await tryRemote(client.remote, client.ports, OPTIONS);
  t.same(
    findings.map(({ name, state }) => `${name} ${state}`),
    ['list ok', 'layout ok', 'put ok', 'get ok', 'clock ok', 'delete ok'],
  );
  t.equal(bucket.objects.size, 0);
});

t.test(
  'what is not allowed is told with what allows it, and what follows is left out',
  async (t) => {
    for (const [verb, tried] of [
      ['list', ['list']],
      ['create', ['list', 'layout', 'put']],
      ['read', ['list', 'layout', 'put', 'get', 'clock', 'delete']],
      ['remove', ['list', 'layout', 'put', 'get', 'clock', 'delete']],
    ] as const) {
      const { client, bucket } = await createLab(t);
      bucket.onCall = (called, name) =>
        Promise.resolve(
          called === verb && name !== 'avian-remote.json'
            ? ({ kind: 'denied', name, cause: '403', hint: HINT } satisfies BucketProblem)
            : undefined,
        );
      const findings = await tryRemote(client.remote, client.ports, OPTIONS);
      t.same(
        findings.map(({ name }) => name),
        tried,
        verb,
      );
      const failed = findings.filter(({ state }) => state === 'failed');
      t.match(failed, [{ hint: HINT, detail: /may not be used: 403/ }], verb);
    }
  },
);

t.test('a clock that is off, and a prefix that is not ours', async (t) => {
  const { client, bucket, simulation } = await createLab(t);
  bucket.objects.set('avian-remote.json', Buffer.from('hello'));
  bucket.now = () => simulation.now() + 3_600_000;
  const findings = await tryRemote(client.remote, client.ports, OPTIONS);
  t.match(
    findings.find(({ name }) => name === 'clock'),
    { state: 'warning', detail: /^3600 s behind the remote's/, hint: /timedatectl/ },
  );
  t.match(
    findings.find(({ name }) => name === 'layout'),
    { state: 'failed', hint: /a prefix of its own/ },
  );
});
