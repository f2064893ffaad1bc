import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createSystemClock } from '../adapters/clock/system-clock.ts';
import { openCloudRunAt } from '../adapters/cloud-run/open-cloud-run.ts';
import { openMonitoring } from '../adapters/monitoring-gcp/monitoring-gcp.ts';
import { createOciImageStore } from '../adapters/oci/oci-image-store.ts';
import { createHttpProber } from '../adapters/prober/http-prober.ts';
import { openProjectFiles } from '../adapters/project-files/project-files.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Problem } from '../model/diagnostic.ts';
import { parseDigest } from '../model/names.ts';
import { EMPTY_LOCK } from '../model/lock.ts';
import { ok, type Result } from '../model/result.ts';
import type { MonitoringScope } from '../ports/monitoring.ts';
import { deploymentContract } from '../testing/contracts/deployment.contract.ts';
import { birdService } from '../testing/fake-cloud-run/bird-service.ts';
import { startFakeCloudRun, type FakeCloudRun } from '../testing/fake-cloud-run/fake-cloud-run.ts';
import type { Container } from '../testing/fake-cloud-run/front-end.ts';
import { Refusal, status } from '../testing/fake-cloud-run/rules.ts';
import { startFakeMonitoring } from '../testing/fake-monitoring.ts';
import { cloudRunStatus, deployCloudRun, type DeployCloudRunOptions } from './deploy-cloud-run.ts';
import { promote, rolloutRollback, rolloutStatus, type RolloutCommandPorts } from './rollout.ts';

t.setTimeout(0);

const REPOSITORY = 'europe-west1-docker.pkg.dev/aviary/birds/aviansight';
/** Image number n, by its digest. */
const image = (n: number): string => `${REPOSITORY}@sha256:${String(n).repeat(64)}`;

interface Rig {
  readonly fake: FakeCloudRun;
  readonly ports: RolloutCommandPorts;
  readonly recorded: Deployment[];
  readonly talk: string[];
  readonly request: DeployCloudRunOptions;
  readonly write: (path: string, text: string) => void;
  /** Calls since the last look. */
  readonly calls: () => string[];
  readonly ask: (url: string) => Promise<string>;
}

async function rigFor(t: Test, containers: readonly Container[] = []): Promise<Rig> {
  const root = t.testdir({
    'robin.jpg': 'not quite a photograph',
    'pipeline.yaml': 'stages: {}\n',
  });
  const fake = await startFakeCloudRun();
  t.teardown(() => fake.close());
  for (const [index, container] of containers.entries())
    fake.images.set(image(index + 1), container);
  const recorded: Deployment[] = [];
  const talk: string[] = [];
  const ports: RolloutCommandPorts = {
    deployers: {},
    lock: { read: async () => ok(EMPTY_LOCK) },
    images: createOciImageStore({
      layers: join(root, 'layers'),
      nodeProgram: process.execPath,
      arch: process.arch,
    }),
    runs: {
      recordDeployment: async (one) => void recorded.unshift(one),
      deployments: async (name) =>
        recorded.filter((one) => name === undefined || one.name === name),
    },
    workspace: { digest: async () => ok(undefined) },
    environment: { root, host: () => 'here', variable: () => undefined },
    files: openProjectFiles(root),
    signal: new AbortController().signal,
    notify: (message) => void talk.push(message),
    openCloud: async (location) => openCloudRunAt(join(root, 'operations'), location),
    openMonitoring: async () => {
      throw new Error('nobody asked for monitoring');
    },
    prober: createHttpProber(),
    clock: createSystemClock(() => process.hrtime.bigint()),
  };
  let seen = 0;
  return {
    fake,
    ports,
    recorded,
    talk,
    request: {
      ...{ image: image(1), name: 'birds', project: 'aviary', region: 'europe-west1', cwd: root },
      ...{ endpoint: fake.endpoint, allowUnauthenticated: true, soakMs: 0, timeoutMs: 2000 },
      ...{ probe: '/infer_image', form: ['bird_image=@robin.jpg'] },
    },
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    calls() {
      const fresh = fake.calls.slice(seen);
      seen = fake.calls.length;
      return fresh;
    },
    ask: async (url) => (await fetch(url, { headers: { connection: 'close' } })).text(),
  };
}

const value = <T>(result: Result<T, Problem>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
};
const first = (result: Result<unknown, Problem>) =>
  result.ok ? { code: 'ok', message: '', hint: '' } : result.error.diagnostics[0];
const robin = birdService('robin');
const wren = birdService('wren');

t.test('a deployment brings what watches it', async (t) => {
  const { fake, ports, request, calls, write, talk, recorded } = await rigFor(t, [robin]);
  const watching = await startFakeMonitoring(t);
  const watched = {
    ...ports,
    openMonitoring: async (scope: MonitoringScope) => openMonitoring(scope, watching.options),
  };
  const deploy = () => deployCloudRun({ ...request, monitoring: 'watch.yaml' }, watched);
  const writes = () => watching.calls.filter((call) => !/^(List|GET)/.test(call)).length;

  t.match(first(await deploy()), { code: 'monitoring/no-file' });
  write('watch.yaml', 'service: wrens\nslos: { availability: { goal: 0.99 } }\n');
  t.match(first(await deploy()), { code: 'deploy/other-service', message: /watches wrens/ });
  write('watch.yaml', 'service: birds\nslos: { availability: { goal: 99 } }\n');
  t.equal((await deploy()).ok, false);
  t.same(
    [calls(), watching.calls],
    [[], []],
    'a slip in the file is found before anything is asked',
  );

  write('watch.yaml', 'service: birds\nslos: { availability: { goal: 0.99 } }\n');
  watching.refuse = (call) =>
    call === 'CreateAlertPolicy' ? { code: 7, message: 'not yours' } : undefined;
  t.match(first(await deploy()), { code: 'monitoring/denied', hint: /roles\/monitoring.editor/ });
  t.ok(fake.isPublic('birds'), 'it serves');
  t.equal(recorded.length, 1, 'and that is on record');
  calls();

  watching.refuse = () => undefined;
  t.match(await deploy(), { value: { kind: 'kept' } });
  t.ok(talk.includes('monitoring: create policy availability-slow-burn'), talk.join('\n'));
  t.same(calls(), ['GetService'], 'the second time only the rest is done');
  const done = writes();
  t.match(await deploy(), { value: { kind: 'kept' } });
  t.equal(writes(), done, 'and then nothing');
  write('watch.yaml', 'service: birds\n');
  t.match(await deploy(), { value: { kind: 'kept' } });
  const objectives = [...watching.resources.keys()].filter((name) => /serviceLevelObj/.test(name));
  t.same(objectives, [], 'what the file no longer says is removed');
});

t.test('first deploy, no-op, new revision in steps, and back', async (t) => {
  const { fake, ports, recorded, request, calls, ask, talk } = await rigFor(t, [robin, wren]);
  const deployed = value(await deployCloudRun(request, ports));
  t.match(deployed, {
    kind: 'deployed',
    deployment: {
      ...{ name: 'birds', target: 'cloud-run', revision: 'birds-00001', host: 'here' },
      ...{ image: image(1).split('@')[1], reference: image(1) },
      resource: 'projects/aviary/locations/europe-west1/services/birds',
      gates: [{ gate: 'error-rate <= 0', actual: '0 of 20 requests', passed: true }],
    },
  });
  const { url } = deployed.deployment;
  t.equal(await ask(url), 'birds-00001');
  t.ok(fake.isPublic('birds'));
  t.same(
    calls().filter((call) => call !== 'GetOperation'),
    [
      ...['GetService', 'CreateService', 'GetService', 'GetIamPolicy', 'SetIamPolicy'],
      ...['UpdateService', 'GetService'],
    ],
  );
  t.equal(recorded.length, 1);

  t.match(await deployCloudRun(request, ports), { value: { kind: 'kept' } });
  t.same(calls(), ['GetService'], 'a no-op is one get');
  t.equal(recorded.length, 1, 'and nothing new to record');
  t.same(value(await cloudRunStatus({ endpoint: fake.endpoint }, ports)), {
    ...{ name: 'birds', revision: 'birds-00001', url },
  });

  const second = value(await deployCloudRun({ ...request, image: image(2) }, ports));
  t.match(second, { kind: 'deployed', deployment: { revision: 'birds-00002', url } });
  t.equal(await ask(url), 'birds-00002');
  t.ok(talk.includes('making birds-00002 without traffic: image 111111111111 -> 222222222222'));
  const steps = talk.filter((line) => line.includes('of the requests to'));
  t.same(
    steps,
    ['5', '50', '100'].map((step) => `${step} % of the requests to birds-00002`),
  );
  t.equal(
    calls().filter((call) => call === 'UpdateService').length,
    4,
    'one revision, three steps',
  );
  t.match(await deployCloudRun({ ...request, image: image(2) }, ports), {
    value: { kind: 'kept' },
  });
  t.same(calls(), ['GetService']);

  const back = value(await rolloutRollback({ endpoint: fake.endpoint }, ports));
  t.match(back, { from: '100 % birds-00002', deployment: { revision: 'birds-00001', url } });
  t.equal(await ask(url), 'birds-00001');
  t.equal(
    first(await rolloutRollback({ endpoint: fake.endpoint }, ports))?.code,
    'deploy/no-earlier-revision',
  );
  const view = value(await rolloutStatus({ endpoint: fake.endpoint }, ports));
  t.match(view, {
    ...{ name: 'birds', target: 'cloud-run', condition: 'ready', url },
    revisions: [
      { revision: 'birds-00002', percent: 0, ready: true },
      { revision: 'birds-00001', percent: 100, ready: true },
    ],
    notes: [/birds-00002 is the newest revision and gets no requests/, /pinned/],
  });
  t.same(
    recorded.map(({ revision }) => revision),
    ['birds-00001', 'birds-00002', 'birds-00001'],
  );
});

t.test('as every target does', async (t) => {
  const { fake, ports, request, recorded } = await rigFor(t);
  let images = 0;
  const holding = async (container: Container): Promise<string> => {
    images += 1;
    fake.images.set(image(images), container);
    return image(images);
  };
  const answering =
    (answer: string): Container =>
    (asked) =>
      asked.path === '/'
        ? { status: 200, body: `${answer} ${asked.env['K_REVISION']}` }
        : { status: 200 };
  await deploymentContract(t, {
    target: 'cloud-run',
    recorded,
    image: (answer) => holding(answering(answer)),
    sickImage: () => holding(() => ({ status: 503 })),
    deploy: (which) => deployCloudRun({ ...request, name: 'web', image: which }, ports),
    status: () => cloudRunStatus({ endpoint: fake.endpoint }, ports),
    rollback: () => rolloutRollback({ endpoint: fake.endpoint }, ports),
  });
});

t.test('settings are part of it: other ones make a revision, equal ones do not', async (t) => {
  const { fake, ports, request, calls } = await rigFor(t, [robin]);
  const full: DeployCloudRunOptions = {
    ...request,
    ...{ cpu: '2', memory: '1Gi', concurrency: '8', minInstances: '1', maxInstances: '3' },
    ...{ env: ['MODE=loud'], secret: ['KEY=api-key:3'], ingress: 'all', port: 9000 },
    serviceAccount: 'runner@aviary.iam.gserviceaccount.com',
  };
  value(await deployCloudRun(full, ports));
  t.match(fake.service('birds')?.template, {
    ...{ maxInstanceRequestConcurrency: 8, scaling: { minInstanceCount: 1, maxInstanceCount: 3 } },
    serviceAccount: 'runner@aviary.iam.gserviceaccount.com',
    containers: [
      {
        resources: { limits: { cpu: '2', memory: '1Gi' }, cpuIdle: true },
        env: [
          { name: 'MODE', value: 'loud' },
          { name: 'KEY', valueSource: { secretKeyRef: { secret: 'api-key', version: '3' } } },
        ],
        ports: [{ containerPort: 9000 }],
        startupProbe: { httpGet: { path: '/readyz', port: 9000 }, failureThreshold: 1 },
      },
    ],
  });
  calls();
  t.match(await deployCloudRun(full, ports), { value: { kind: 'kept' } });
  t.same(calls(), ['GetService']);
  const other = value(await deployCloudRun({ ...full, memory: '2Gi' }, ports));
  t.equal(other.deployment.revision, 'birds-00002');

  // What avian knows nothing of stays: a volume that the console added, and its revision.
  fake.changeElsewhere('birds', (service) => {
    service.template!.revision = '';
    service.template!.volumes = [{ name: 'seeds', emptyDir: {} }];
    service.traffic = [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }];
  });
  const third = value(await deployCloudRun({ ...full, memory: '4Gi' }, ports));
  t.equal(third.deployment.revision, 'birds-00004');
  t.match(fake.service('birds')?.template?.volumes, [{ name: 'seeds' }]);

  const closed = value(
    await deployCloudRun({ ...full, memory: '4Gi', allowUnauthenticated: false }, ports),
  );
  t.equal(closed.kind, 'deployed');
  t.notOk(fake.isPublic('birds'));
});

t.test('a canary whose probe fails goes back by itself', async (t) => {
  const sick = birdService('wren', { failEvery: 3 });
  const { fake, ports, request, ask, recorded } = await rigFor(t, [
    robin,
    sick,
    birdService('x', { health: 503 }),
  ]);
  const { url } = value(await deployCloudRun(request, ports)).deployment;

  const atOnce = await deployCloudRun({ ...request, image: image(2) }, ports);
  t.match(first(atOnce), {
    code: 'gate/failed',
    message:
      /^error-rate <= 0 does not hold: 0\.3 of 20 requests; the first failure: http.*infer_image with .*robin\.jpg: answered 500: out of seeds$/,
    hint: /^no requests went to birds-00002; birds-00002 is still at http/,
  });
  t.equal(await ask(url), 'birds-00001');

  // Good alone, bad under traffic: only a share of the requests shows it.
  const late = await deployCloudRun(
    { ...request, image: image(2), slo: ['error-rate<=0.34'], override: ' late ' },
    ports,
  );
  t.ok(late.ok, 'an objective of its own');
  value(await rolloutRollback({ endpoint: fake.endpoint }, ports));
  let updates = 0;
  fake.before = (method) => {
    // The photograph is understood until half of the requests are there.
    if (method === 'UpdateService') updates += 1;
    if (updates === 3) fake.images.set(image(2), birdService('wren', { failEvery: 1 }));
  };
  fake.images.set(image(2), wren);
  const canary = await deployCloudRun({ ...request, image: image(2) }, ports);
  t.match(first(canary), {
    code: 'gate/failed',
    hint: /at 50 % of the requests; went back to 100 % birds-00001/,
  });
  t.equal(await ask(url), 'birds-00001');
  t.match(fake.service('birds')?.traffic, [
    { revision: 'birds-00001', percent: 100 },
    { revision: 'birds-00002', percent: 0, tag: 'candidate' },
  ]);

  const dead = await deployCloudRun({ ...request, image: image(3) }, ports);
  t.match(first(dead), {
    code: 'deploy/unhealthy',
    message: /birds-00003' is not ready.*startup probe/,
  });
  t.equal(await ask(url), 'birds-00001');
  t.equal(recorded[0]?.revision, 'birds-00001');
});

t.test('--no-traffic, the sticky split, and promotion later', async (t) => {
  const { fake, ports, request, ask, talk, recorded } = await rigFor(t, [robin, wren, robin]);
  t.equal(
    first(await deployCloudRun({ ...request, traffic: false }, ports))?.code,
    'rollout/no-traffic-first',
  );
  const { url } = value(await deployCloudRun(request, ports)).deployment;
  const quiet = { ...request, image: image(2), traffic: false, trafficTag: 'next' };
  const tagged = value(await deployCloudRun(quiet, ports));
  t.match(tagged, { kind: 'tagged', deployment: { revision: 'birds-00002', traffic: 0 } });
  t.match(tagged.notes, [/birds-00002 is the newest revision and gets no requests/, /pinned/]);
  t.equal(await ask(tagged.tagUrl!), 'birds-00002');
  t.equal(await ask(url), 'birds-00001');
  t.match(await deployCloudRun(quiet, ports), { value: { kind: 'kept' } });

  const where = { endpoint: fake.endpoint, cwd: request.cwd, soakMs: 0 };
  const probes = { probe: '/infer_image', form: ['bird_image=@robin.jpg'] };
  const promoted = value(await promote({ ...where, ...probes }, ports));
  t.match(promoted, { kind: 'deployed', deployment: { revision: 'birds-00002', url } });
  t.equal(await ask(url), 'birds-00002');
  t.match(await promote({ ...where, ...probes }, ports), { value: { kind: 'kept' } });
  t.equal(
    first(await promote({ ...where, revision: 'birds-00009' }, ports))?.code,
    'rollout/unknown-revision',
  );

  // A split that somebody left is told before the next deploy, and does not stay.
  fake.changeElsewhere('birds', (service) => {
    service.traffic = ['birds-00001', 'birds-00002'].map((revision, index) => ({
      type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
      ...{ revision, percent: [90, 10][index]! },
    }));
  });
  talk.length = 0;
  value(await deployCloudRun({ ...request, image: image(3) }, ports));
  t.match(
    talk.join('\n'),
    /note: traffic is split \(90 % birds-00001, 10 % birds-00002\) and stays so, whatever is deployed later/,
  );
  t.equal(await ask(url), 'birds-00003');
  t.match(recorded[0], { revision: 'birds-00003' });
});

t.test('somebody else changes the service meanwhile', async (t) => {
  const { fake, ports, request, talk } = await rigFor(t, [robin, wren, robin]);
  value(await deployCloudRun(request, ports));
  // Their change is about a label: read again, and tried once more.
  let once = true;
  fake.before = (method) => {
    if (method !== 'UpdateService' || !once) return;
    once = false;
    fake.changeElsewhere('birds', (service) => (service.labels = { team: 'ornithology' }));
  };
  value(await deployCloudRun({ ...request, image: image(2) }, ports));
  t.ok(talk.includes('birds was changed by somebody else meanwhile: looking again'));
  t.match(fake.service('birds'), { labels: { team: 'ornithology' } }, 'nothing of theirs is lost');

  // Their change is what ours is about: not touched.
  once = true;
  fake.before = (method) => {
    if (method !== 'UpdateService' || !once) return;
    once = false;
    fake.changeElsewhere('birds', (service) => {
      service.traffic = [
        { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: 'birds-00001', percent: 100 },
      ];
    });
  };
  t.match(first(await deployCloudRun({ ...request, image: image(3) }, ports)), {
    code: 'deploy/changed-elsewhere',
    message: /its traffic is 100 % birds-00001, not 100 % birds-00002/,
    hint: /nothing of theirs was overwritten/,
  });
  fake.before = () => undefined;
  t.match(fake.service('birds')?.traffic, [{ revision: 'birds-00001', percent: 100 }]);

  // A revision of the next name is there already, made from something else.
  fake.changeElsewhere('birds', (service) => {
    service.template!.revision = 'birds-00007';
    service.template!.containers![0]!.image = image(3);
  });
  fake.changeElsewhere('birds', (service) => {
    service.template!.revision = 'birds-00006';
    service.template!.containers![0]!.image = image(1);
  });
  const done = value(await deployCloudRun({ ...request, image: image(2) }, ports));
  t.equal(done.deployment.revision, 'birds-00008');
});

t.test('what Cloud Run refuses is told in words, with what to do', async (t) => {
  const { fake, ports, request, recorded } = await rigFor(t, [robin]);
  const failing = async (method: string, code: number, details: string, options = request) => {
    fake.before = (called) => {
      if (called === method) throw new Refusal(code, details);
    };
    const found = first(await deployCloudRun(options, ports));
    fake.before = () => undefined;
    return found;
  };
  const on =
    "on resource 'projects/aviary/locations/europe-west1/services/birds' (or resource may not exist)";
  t.match(
    await failing(
      'CreateService',
      status.permissionDenied,
      `Permission 'run.services.create' denied ${on}.`,
    ),
    {
      code: 'deploy/permission-denied',
      message: /run\.services\.create.*roles\/run\.developer/,
      hint: 'gcloud projects add-iam-policy-binding aviary --member="user:$(gcloud config get-value account)" --role=roles/run.developer',
    },
  );
  const account = 'runner@aviary.iam.gserviceaccount.com';
  t.match(
    await failing(
      'CreateService',
      status.permissionDenied,
      `Permission 'iam.serviceaccounts.actAs' denied on service account ${account} (or it may not exist).`,
    ),
    {
      code: 'deploy/permission-denied',
      message: `you may not run services as ${account}: that takes roles/iam.serviceAccountUser on it`,
      hint: `gcloud iam service-accounts add-iam-policy-binding ${account} --project=aviary --member="user:$(gcloud config get-value account)" --role=roles/iam.serviceAccountUser`,
    },
  );
  t.match(
    await failing(
      'GetService',
      status.permissionDenied,
      'Cloud Run Admin API has not been used in project 12 before or it is disabled.',
    ),
    {
      code: 'deploy/api-disabled',
      hint: 'gcloud services enable run.googleapis.com --project=aviary',
    },
  );
  t.match(
    await failing(
      'CreateService',
      status.resourceExhausted,
      "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per region'",
    ),
    {
      code: 'deploy/quota',
      hint: /wait a minute/,
    },
  );
  t.match(
    await failing(
      'CreateService',
      status.resourceExhausted,
      'Quota violated: MaxInstances: 10 requested, 5 allowed',
    ),
    {
      code: 'deploy/quota',
      message: /MaxInstances/,
      hint: /--max-instances.*quotas\?project=aviary/,
    },
  );
  t.equal(fake.service('birds'), undefined, 'nothing was made');
  t.match(
    await failing(
      'SetIamPolicy',
      status.permissionDenied,
      `Permission 'run.services.setIamPolicy' denied ${on}.`,
    ),
    {
      hint: /--role=roles\/run\.admin$/,
    },
  );
  t.match(
    await failing(
      'SetIamPolicy',
      status.failedPrecondition,
      'One or more users named in the policy do not belong to a permitted customer.',
    ),
    {
      code: 'deploy/public-forbidden',
      hint: /--no-allow-unauthenticated/,
    },
  );
  t.match(await failing('None', 0, '', { ...request, image: image(9) }), {
    code: 'deploy/image-not-found',
    hint: /avian image push/,
  });
  t.same(recorded, [], 'what does not serve is not recorded');
});

t.test('bad words cost no call', async (t) => {
  const { ports, request, calls } = await rigFor(t);
  const codes = async (more: Partial<DeployCloudRunOptions>): Promise<string[]> => {
    const result = await deployCloudRun({ ...request, ...more }, ports);
    return result.ok ? [] : result.error.diagnostics.map(({ code }) => code);
  };
  t.same(await codes({ image: `${REPOSITORY}:latest` }), ['deploy/image-not-pinned']);
  t.same(await codes({ image: 'nowhere' }), ['image/no-layout']);
  t.same(await codes({ name: 'Birds' }), ['deploy/bad-name']);
  t.same(await codes({ cpu: '3', memory: '64Mi', concurrency: '0', ingress: 'some' }), [
    ...['deploy/bad-cpu', 'deploy/bad-memory', 'deploy/bad-number', 'deploy/bad-ingress'],
  ]);
  t.same(await codes({ cpu: '0.5' }), ['deploy/bad-concurrency']);
  t.same(await codes({ cpu: '4' }), ['deploy/bad-memory']);
  t.same(await codes({ memory: '8Gi' }), ['deploy/bad-cpu']);
  t.same(await codes({ env: ['PORT=1', 'A=1'], secret: ['A=b:1', 'x'] }), [
    ...['deploy/reserved-env', 'deploy/bad-secret', 'deploy/env-twice'],
  ]);
  t.same(await codes({ steps: '50,5', trafficTag: 'X', soakMs: -1 }), [
    ...['rollout/bad-steps', 'rollout/bad-tag', 'rollout/bad-soak'],
  ]);
  t.same(await codes({ name: 'b'.repeat(40) }), ['rollout/tag-too-long']);
  t.same(await codes({ gate: ['accuracy>=1'], slo: ['p42<1'], override: ' ' }), [
    ...['gate/bad-gate', 'gate/bad-slo', 'gate/no-reason'],
  ]);
  t.same(await codes({ form: ['bird_image=@absent.jpg'] }), ['deploy/bad-probe']);
  t.same(await codes({ project: 'NO', region: 'moon', endpoint: 'x' }), [
    ...['deploy/bad-project', 'deploy/bad-region', 'deploy/bad-endpoint'],
  ]);
  t.same(calls(), []);
});

t.test('gates on files stand before everything; a reason overrides and is recorded', async (t) => {
  const { fake, ports, request, write, recorded, calls } = await rigFor(t, [robin]);
  write('metrics.json', '{"accuracy": 0.81, "uint8": {"agreement": 0.99}}');
  write('drift.json', '{"v": 1, "drifted": true, "images": 500, "psi": 0.31}');
  const gated = {
    ...request,
    gate: ['metrics.json:accuracy>=0.9', 'metrics.json:uint8.agreement>=0.98', 'absent.json:x>0'],
    drift: 'drift.json',
  };
  const blocked = await deployCloudRun(gated, ports);
  t.same(!blocked.ok && blocked.error.diagnostics.map(({ message }) => message), [
    'metrics.json: accuracy >= 0.9 does not hold: 0.81',
    'absent.json: x > 0 does not hold: nothing to measure',
    'drift.json: not drifted does not hold: drifted, images 500, psi 0.31',
  ]);
  t.same(calls(), ['GetService']);
  t.equal(fake.service('birds'), undefined);
  value(await deployCloudRun({ ...gated, override: 'ticket 12' }, ports));
  t.match(recorded[0], {
    override: 'ticket 12',
    gates: [
      { gate: 'metrics.json: accuracy >= 0.9', actual: '0.81', passed: false },
      { gate: 'metrics.json: uint8.agreement >= 0.98', actual: '0.99', passed: true },
      { passed: false },
      { gate: 'drift.json: not drifted', passed: false },
      { gate: 'error-rate <= 0', passed: true },
    ],
  });
  t.equal(parseDigest(recorded[0]?.artifact ?? ''), undefined);
});

t.test('too slow is no success', async (t) => {
  const { fake, ports, request } = await rigFor(t, [robin, birdService('owl', { delayMs: 60 })]);
  value(await deployCloudRun(request, ports));
  const slow = await deployCloudRun({ ...request, image: image(2), slo: ['p95<=40ms'] }, ports);
  t.match(first(slow), {
    code: 'gate/failed',
    message: /^p95 <= 40 ms does not hold: \d+ ms of 20 requests$/,
  });
  t.match(fake.service('birds')?.traffic?.[0], { revision: 'birds-00001', percent: 100 });
});

t.test('a private service is asked with an identity token', async (t) => {
  const { fake, ports, request } = await rigFor(t, [robin, wren]);
  const secret = { ...request, allowUnauthenticated: false, timeoutMs: 300 };
  t.match(first(await deployCloudRun(secret, ports)), {
    code: 'deploy/probe-forbidden',
    hint: /make no identity token/,
  });
  const signedIn: RolloutCommandPorts = {
    ...ports,
    openCloud: async (location) => {
      const opened = await ports.openCloud(location);
      return {
        ...opened,
        cloud: { ...opened.cloud, identityToken: async () => fake.identityToken },
      };
    },
  };
  value(await deployCloudRun(secret, signedIn));
  t.notOk(fake.isPublic('birds'));
  t.match(await deployCloudRun({ ...secret, image: image(2) }, signedIn), {
    value: { kind: 'deployed' },
  });
});

t.test('a change that outlives its command is waited for, not made again', async (t) => {
  const { fake, ports, request, calls, talk, recorded } = await rigFor(t, [robin, wren]);
  fake.held = true;
  const abort = new AbortController();
  const cut = { ...ports, signal: abort.signal };
  const pending = deployCloudRun(request, cut);
  const where = { ...request, target: 'cloud-run' };
  // While the other command still holds the service: who looks waits for nobody.
  while (fake.calls.filter((call) => call === 'GetOperation').length === 0) await sleep(10);
  const held = value(await rolloutStatus(where, ports));
  t.match(held, { condition: 'reconciling', pending: { operation: /operations/ } });
  abort.abort(new Error('killed'));
  await t.rejects(pending, { message: 'killed' });
  t.ok(fake.service('birds')?.reconciling);
  calls();
  fake.held = false;
  const resumed = value(await deployCloudRun(request, ports));
  t.match(resumed, { kind: 'deployed', deployment: { revision: 'birds-00001' } });
  t.match(calls()[0], 'GetOperation');
  t.equal(fake.calls.filter((call) => call === 'CreateService').length, 1);
  t.match(talk.join('\n'), /going on with the change of birds/);
  t.equal(recorded.length, 1);

  // It failed while nobody looked: told, and the next one begins anew.
  fake.held = true;
  const second = new AbortController();
  const dying = deployCloudRun(
    { ...request, image: image(8) },
    { ...ports, signal: second.signal },
  );
  setTimeout(() => second.abort(new Error('killed')), 300);
  await t.rejects(dying, { message: 'killed' });
  fake.held = false;
  t.match(first(await deployCloudRun({ ...request, image: image(8) }, ports)), {
    code: 'deploy/image-not-found',
  });
  t.match(value(await deployCloudRun({ ...request, image: image(2) }, ports)), {
    deployment: { revision: 'birds-00003' },
  });
});
