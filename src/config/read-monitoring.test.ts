import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import t, { type Test } from 'tap';
import { readMonitoring } from './read-monitoring.ts';

const HEAD = 'project: birds-123\nregion: europe-west1\nservice: aviansight\n';

/** Messages with their lines, and hints. */
async function problems(text: string): Promise<readonly string[]> {
  const read = await readMonitoring('monitoring.yaml', text);
  if (read.ok) return [];
  return read.error.map(
    ({ code, message, span, hint }) => `${code} ${span?.line ?? 0}: ${message} | ${hint ?? ''}`,
  );
}

async function refused(t: Test, text: string, expected: readonly RegExp[]): Promise<void> {
  const found = await problems(HEAD + text);
  t.equal(found.length, expected.length, found.join('\n'));
  expected.forEach((pattern, index) => t.match(found[index], pattern));
}

t.test('what is not said has the values of the SRE workbook, and everybody is told', async (t) => {
  const read = await readMonitoring(
    'monitoring.yaml',
    `${HEAD}channels: { a: { email: x@y.z } }\nslos: { availability: { goal: 0.99 } }\nalerts: { ingress: { above: 5MB } }\n`,
  );
  t.same(read, {
    ok: true,
    value: {
      project: 'birds-123',
      region: 'europe-west1',
      service: 'aviansight',
      channels: { a: { kind: 'email', address: 'x@y.z' } },
      notify: ['a'],
      slos: { availability: { goal: 0.99, windowDays: 28 } },
      burnRates: {
        fast: { rate: 14.4, windowSeconds: 3600, shortSeconds: 300 },
        slow: { rate: 6, windowSeconds: 21_600, shortSeconds: 1800 },
      },
      alerts: { ingress: { above: 5_000_000, forSeconds: 300 } },
      dashboard: true,
    },
  });
});

t.test('everything wrong is told at once, where it stands, with what to do', async (t) => {
  await refused(
    t,
    'slo: {}\nslos:\n  latency: { goal: 1.5 }\n  cpu: { goal: 0.9, bellow: 0.8 }\n',
    [
      /^monitoring\/unknown-key 4: there is no `slo` \| did you mean "slos"\?/,
      /missing-key 6: `slos\.latency` has no `below`/,
      /bad-value 6: `slos\.latency\.goal` cannot be `1\.5` \| the share that has to be good/,
      /missing-key 7: `slos\.cpu` has no `below`/,
      /unknown-key 7: there is no `slos\.cpu\.bellow` \| did you mean "below"\?/,
    ],
  );
  await refused(t, 'channels: { team: { email: nobody, existing: x } }\n', [
    /bad-value 4: `channels\.team` cannot be a mapping \| `email: ADDRESS`, or/,
    /bad-value 4: `channels\.team\.email` cannot be `nobody` \| an address/,
    /bad-value 4: `channels\.team\.existing` cannot be `x`/,
  ]);
  await refused(t, 'channels: { Team!: { email: a@b.c } }\n', [
    /bad-value 4: `channels\.Team!` cannot be a name/,
  ]);
  await refused(t, 'channels: { team: { email: a@b.c } }\nnotify: [teem]\n', [
    /unknown-channel 5: there is no channel `teem` \| did you mean "team"\?/,
  ]);
  await refused(
    t,
    'slos: { availability: { goal: 0.9, window: 36h } }\nalerts: { cpu: { above: 0.9, for: 90s } }\n',
    [
      /bad-value 4: `slos\.availability\.window` has to be whole days/,
      /bad-value 5: `alerts\.cpu\.for` has to be whole minutes/,
    ].reverse(),
  );
  await refused(t, 'slos: { availability: { goal: 0.9, window: 40d } }\n', [
    /is more than 30 days/,
  ]);
  t.match(await problems('project: [\n'), [/^yaml\/syntax/]);
  t.match(await problems(''), [/bad-value 1: monitoring\.yaml cannot be empty/]);
  t.match(await problems('a: 1\n'), [/missing-key/, /unknown-key/]);
  t.match(await problems('service: a\n'), [
    /missing-key 1: monitoring\.yaml has no `project` \| or give it: --project/,
    /missing-key 1: monitoring\.yaml has no `region` \| or give it: --region/,
  ]);
});

t.test('the published schema is the one that files are held to, and a schema', async (t) => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
  const published = read('../../schemas/monitoring.schema.json');
  t.equal(published, read('./monitoring.schema.json'));
  t.ok(new Ajv({ allowUnionTypes: true }).compile(JSON.parse(published) as object));
});

t.test('project and region can be given beside the file, and then go before it', async (t) => {
  const given = { project: 'other-456', region: 'us-central1' };
  const read = await readMonitoring(
    'monitoring.yaml',
    'service: aviansight\nregion: europe-west1\n',
    given,
  );
  t.match(read, { ok: true, value: { ...given, service: 'aviansight' } });
});
