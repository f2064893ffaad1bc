import t, { type Test } from 'tap';
import { openMonitoring } from '../adapters/monitoring-gcp/monitoring-gcp.ts';
import type { MonitoringView } from '../model/monitoring.ts';
import { monitoringJson, monitoringText } from '../report/monitoring.ts';
import { createStyle } from '../report/style.ts';
import { startFakeMonitoring, type FakeMonitoring } from '../testing/fake-monitoring.ts';
import { monitoring } from './monitoring.ts';

const FULL = `
project: birds-123
region: europe-west1
service: aviansight
channels:
  team: { email: birds@example.org }
  pager: { existing: projects/birds-123/notificationChannels/7 }
slos:
  availability: { goal: 0.995 }
  latency: { goal: 0.95, below: 300ms, window: 7d }
  cpu: { goal: 0.9, below: 0.8 }
alerts:
  requests: { above: 50 }
  cpu: { above: 0.9, for: 10m }
  ingress: { above: 5MB }
`;
const PAGER = 'projects/birds-123/notificationChannels/7';

async function start(t: Test) {
  const fake = await startFakeMonitoring(t);
  fake.resources.set(PAGER, { name: PAGER, type: 'pagerduty', displayName: 'made by hand' });
  const said: string[] = [];
  const run = (text: string | undefined, apply: boolean) =>
    monitoring(
      { file: 'monitoring.yaml', text, apply },
      {
        open: (scope) => openMonitoring(scope, fake.options),
        notify: (message) => said.push(message),
      },
    );
  const done = async (text: string, apply: boolean): Promise<MonitoringView> => {
    const answer = await run(text, apply);
    if (!answer.ok) throw new Error(JSON.stringify(answer.error));
    return answer.value;
  };
  return { fake, run, done, said };
}

const kinds = ({ actions }: MonitoringView): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { kind } of actions) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};
const ours = ({ resources }: FakeMonitoring): string[] =>
  [...resources].filter(([name]) => name !== PAGER).map(([name]) => name);
const writes = ({ calls }: FakeMonitoring): string[] =>
  calls.filter((call) => !/^(List|GET)/.test(call));

t.test('plan changes nothing, apply makes it, a second apply has nothing to do', async (t) => {
  const { fake, done, said } = await start(t);
  const planned = await done(FULL, false);
  // A service, three objectives, one channel, six burn-rate alerts, three others, a dashboard.
  t.same(kinds(planned), { create: 15 });
  t.same(writes(fake), []);
  t.same(ours(fake), []);

  const applied = await done(FULL, true);
  t.same(applied.actions, planned.actions);
  t.equal(ours(fake).length, 15);
  t.equal(said.length, 15);
  t.equal(said[0], 'create service service');
  const policies = [...fake.resources.values()].filter((one) => Array.isArray(one['conditions']));
  t.equal(policies.length, 9);
  const team = ours(fake).find((name) => name.includes('/notificationChannels/'));
  for (const policy of policies) t.same(policy['notificationChannels'], [team, PAGER]);
  const burn = policies.find(({ displayName }) => displayName === 'aviansight latency: fast burn');
  t.match(burn, {
    severity: 'CRITICAL',
    combiner: 'AND',
    conditions: [
      {
        conditionThreshold: {
          filter:
            'select_slo_burn_rate("projects/birds-123/services/avian-europe-west1-aviansight/serviceLevelObjectives/latency", "3600s")',
          thresholdValue: 14.4,
        },
      },
      { conditionThreshold: { filter: /"300s"\)$/ } },
    ],
  });

  const before = fake.calls.length;
  t.same(kinds(await done(FULL, true)), { keep: 15 });
  t.same(writes(fake).length, 15, 'nothing was written again');
  t.equal(fake.calls.length - before, 5, 'four lists and the objectives of one service');
});

t.test(
  'what the file changes is updated, what it drops is removed, the rest is left alone',
  async (t) => {
    const { fake, done } = await start(t);
    await done(FULL, true);
    const stranger = 'projects/birds-123/alertPolicies/1';
    fake.resources.set(stranger, { name: stranger, displayName: 'of others' });
    const cousin = 'projects/birds-123/alertPolicies/2';
    const labels = {
      'managed-by': 'avian',
      'avian-service': 'other',
      'avian-region': 'europe-west1',
    };
    fake.resources.set(cousin, {
      name: cousin,
      displayName: 'of another service of ours',
      userLabels: { ...labels, 'avian-key': 'cpu' },
    });

    const tighter = FULL.replace('below: 300ms', 'below: 200ms').replace('above: 50', 'above: 80');
    const changed = await done(tighter, false);
    t.same(kinds(changed), { keep: 13, update: 2 });
    t.match(
      changed.actions.filter(({ kind }) => kind === 'update'),
      [
        { wanted: { kind: 'slo', key: 'latency' }, changed: ['displayName', /range\.max$/] },
        { wanted: { kind: 'policy', key: 'requests' } },
      ],
    );
    await done(tighter, true);
    t.same(kinds(await done(tighter, false)), { keep: 15 });

    const less = tighter
      .replace(/ {2}latency: .*\n/, '')
      .replace(/ {2}team: .*\n/, '')
      .replace(/ {2}ingress: .*\n/, 'dashboard: false\n');
    const view = await done(less, true);
    t.same(
      view.actions
        .filter(({ kind }) => kind === 'delete')
        .map((action) => action.kind === 'delete' && `${action.found.kind} ${action.found.key}`),
      [
        'dashboard dashboard',
        'policy latency-slow-burn',
        'policy latency-fast-burn',
        'policy ingress',
        'channel team',
        'slo latency',
      ],
      'what refers to others goes first',
    );
    t.same(kinds(await done(less, false)), { keep: 9 });
    t.ok(fake.resources.has(stranger) && fake.resources.has(cousin) && fake.resources.has(PAGER));

    const nothing =
      'project: birds-123\nregion: europe-west1\nservice: aviansight\ndashboard: false\n';
    await done(nothing, true);
    t.same(ours(fake), [stranger, cousin], 'all of ours is gone, nothing else');
  },
);

t.test('what was changed by hand is set right', async (t) => {
  const { fake, done } = await start(t);
  await done(FULL, true);
  for (const policy of fake.resources.values()) {
    if (policy['displayName'] === 'aviansight cpu: slow burn') policy['combiner'] = 'OR';
    if (policy['goal'] === 0.995) policy['goal'] = 0.5;
  }
  const view = await done(FULL, true);
  t.match(
    view.actions.filter(({ kind }) => kind === 'update'),
    [
      { wanted: { key: 'availability' }, changed: ['goal'] },
      { wanted: { key: 'cpu-slow-burn' }, changed: ['combiner'] },
    ],
  );
  t.same(kinds(await done(FULL, false)), { keep: 15 });
});

t.test(
  'a failure at any write leaves what was done, and the next apply does the rest',
  async (t) => {
    for (const at of [0, 1, 4, 7, 14]) {
      const { fake, run, done } = await start(t);
      let write = 0;
      fake.refuse = (call) =>
        !/^(List|GET)/.test(call) && write++ === at
          ? { code: call === 'POST dashboards' ? 503 : 8, message: 'try later' }
          : undefined;
      const failed = await run(FULL, true);
      t.match(failed, {
        ok: false,
        error: {
          kind: 'remote',
          diagnostics: [{ message: /^could not create .*try later/, hint: /run it again|wait/ }],
        },
      });
      t.equal(ours(fake).length, at);
      fake.refuse = () => undefined;
      t.match(kinds(await done(FULL, true)), { create: 15 - at });
      t.same(kinds(await done(FULL, false)), { keep: 15 }, 'nothing is there twice');
    }
  },
);

t.test('failures say what to do', async (t) => {
  const { fake, run } = await start(t);
  const told = async (code: number, http: number, diagnostic: object): Promise<void> => {
    fake.refuse = (call) => (call === 'ListAlertPolicies' ? { code, message: 'no' } : undefined);
    t.match(await run(FULL, false), { error: { kind: 'remote', diagnostics: [diagnostic] } });
    fake.refuse = (call) => (call === 'GET dashboards' ? { code: http, message: 'no' } : undefined);
    t.match(await run(FULL, false), { error: { kind: 'remote', diagnostics: [diagnostic] } });
  };
  await told(7, 403, {
    code: 'monitoring/denied',
    hint: /add-iam-policy-binding birds-123 .*--role=roles\/monitoring\.editor/,
  });
  await told(16, 401, { code: 'monitoring/no-credentials', hint: /gcloud auth/ });
  await told(8, 429, { code: 'monitoring/quota', hint: /wait a minute/ });
  await told(3, 400, { code: 'monitoring/refused' });
  t.match(await run(undefined, false), {
    error: { kind: 'pipeline', diagnostics: [{ code: 'monitoring/no-file' }] },
  });
});

t.test('for people and for machines', async (t) => {
  const { done } = await start(t);
  const style = createStyle({ colour: false, ascii: false });
  const text = (view: MonitoringView): string => monitoringText(view, style);
  const planned = await done(FULL, false);
  t.match(text(planned), /^create +service +service +aviansight in europe-west1\n/);
  t.match(text(planned), /create +slo +latency +95 % of requests within 300 ms over 7 days\n/);
  t.match(
    text(planned),
    /aviansight in europe-west1, project birds-123: 15 to create, 0 to keep; `avian monitoring apply` does it\n$/,
  );
  t.match(text(await done(FULL, true)), /: 15 created, 0 kept\n$/);
  t.equal(
    text(await done(FULL, false)),
    'nothing to change: aviansight in europe-west1, project birds-123 has 15 resources\n',
  );
  const less = await done(FULL.replace(/ {2}cpu: .*below: 0.8.*\n/, ''), false);
  t.match(text(less), /delete +slo +cpu +monitoring\.yaml no longer says it\n/);
  t.match(monitoringJson(less), {
    v: 1,
    applied: false,
    changes: 4,
    actions: [{ action: 'keep', kind: 'service', key: 'service', name: String }],
  });
});
