import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { birdService } from '../src/testing/fake-cloud-run/bird-service.ts';
import { startFakeCloudRun } from '../src/testing/fake-cloud-run/fake-cloud-run.ts';
import { createRig } from './rig.ts';
import { until } from './waiting.ts';

/* The real bin, the client as it is bundled, and Cloud Run's API on a port of this machine. */

const REPOSITORY = 'europe-west1-docker.pkg.dev/aviary/birds/aviansight';
const PROJECT = {
  'pipeline.yaml': `
stages:
  train:
    cmd: tr a-z A-Z < birds.txt > model.txt
    deps: [birds.txt]
    outs: [model.txt]
  image:
    cmd: avian image build -o image --base scratch --copy model.txt:/app/model.txt --entrypoint /app/run
    deps: [model.txt]
    outs: [image]
`,
  'birds.txt': 'robin\nwren\n',
  'robin.jpg': 'not quite a photograph',
};

async function rigFor(t: Test) {
  const fake = await startFakeCloudRun();
  t.teardown(() => fake.close());
  const rig = createRig(t, PROJECT);
  await rig.git('init', '-q');
  await rig.git('add', '.');
  await rig.git('commit', '-qm', 'birds');
  const built = await rig.avian('repro');
  t.equal(built.code, 0, built.stderr);
  const index = JSON.parse(rig.read('image/index.json')) as { manifests: { digest: string }[] };
  const reference = `${REPOSITORY}@${index.manifests[0]!.digest}`;
  const where = ['--project=aviary', '--region=europe-west1', `--endpoint=${fake.endpoint}`];
  const words = [
    ...['deploy', 'image', '--target=cloud-run', '--name=birds', `--repository=${REPOSITORY}`],
    ...[
      '--allow-unauthenticated',
      '--soak=0',
      '--probe=/infer_image',
      '-F',
      'bird_image=@robin.jpg',
    ],
    ...where,
  ];
  return { fake, rig, reference, where, words };
}

t.test(
  'a deploy, what it is made of, offline, and a deploy of the same: one request',
  async (t) => {
    const { fake, rig, reference, words } = await rigFor(t);
    fake.images.set(reference, birdService('robin'));
    for (const [option, value] of [['probe', '/infer_image'], ['slo', 'p95<=1s'], ['no-traffic']]) {
      const given = value === undefined ? `--${option}` : `--${option}=${value}`;
      const elsewhere = await rig.avian(['deploy', 'image', '--name=birds', given]);
      const told = `\`--${option}\` is for \`--target cloud-run\``;
      t.match(elsewhere, { code: 64, stderr: /error\[usage\/bad-option\]/ });
      t.ok(elsewhere.stderr.includes(told), elsewhere.stderr);
    }
    const first = await rig.avian([...words, '--record=deployment.json']);
    t.equal(first.code, 0, first.stderr);
    t.match(first.stdout, /^url http:\/\/127\.0\.0\.1:\d+\n$/);
    const url = first.stdout.slice('url '.length).trim();
    t.match(JSON.parse(rig.read('deployment.json')), { target: 'cloud-run', reference, url });
    const before = fake.calls.length;
    const again = await rig.avian(words);
    t.equal(again.stdout, first.stdout);
    t.match(again.stderr, 'birds-00001 is as asked for: nothing to do');
    t.same(fake.calls.slice(before), ['GetService']);
    const status = ['rollout', 'status', 'birds', `--endpoint=${fake.endpoint}`];
    const { stdout } = await rig.avian([...status, '--json']);
    t.match(JSON.parse(stdout), {
      v: 1,
      url,
      revisions: [{ revision: 'birds-00001', percent: 100 }],
    });
    await fake.close();

    const commit = (await rig.git('rev-parse', '--short=8', 'HEAD')).trim();
    for (const subject of [`${url}/infer_image`, 'birds-00001']) {
      const lineage = await rig.avian(['lineage', '--live', subject]);
      t.equal(lineage.code, 0, lineage.stderr);
      const order = [
        'birds-00001',
        'on cloud-run',
        reference,
        'image ',
        'image: run',
        'model.txt',
        'train: run',
        commit,
        'birds.txt',
      ];
      let at = -1;
      for (const part of order) {
        const next = lineage.stdout.indexOf(part, at + 1);
        t.ok(next > at, `${part} comes next`);
        at = next;
      }
    }
    const unknown = await rig.avian(['lineage', '--live', 'https://example.org']);
    t.match(unknown, { code: 64, stderr: /lineage\/not-deployed[\s\S]*birds-00001/ });
    const gone = await rig.avian(words);
    t.match(gone, { code: 4, stderr: /deploy\/unreachable/ });
  },
);

t.test(
  'kill -9 while Cloud Run works: the next command waits for the same operation',
  async (t) => {
    const { fake, rig, reference, words } = await rigFor(t);
    fake.images.set(reference, birdService('robin'));
    fake.held = true;
    const killed = rig.start(words);
    const folder = join(rig.root, 'cache/v1/operations/aviary.europe-west1');
    const kept = join(folder, 'birds.json');
    await until(() => existsSync(kept));
    killed.kill('SIGKILL');
    await killed;
    const { operation } = JSON.parse(readFileSync(kept, 'utf8')) as { operation: string };
    t.match(operation, /^projects\/aviary\/locations\/europe-west1\/operations\//);
    const before = fake.calls.length;
    fake.held = false;
    const resumed = await rig.avian(words);
    t.equal(resumed.code, 0, resumed.stderr);
    t.match(resumed.stderr, /going on with the change of birds/);
    t.equal(fake.calls[before], 'GetOperation', 'it asks for the operation first');
    t.equal(fake.calls.filter((call) => call === 'CreateService').length, 1);
    t.same(
      readdirSync(folder).filter((name) => name.endsWith('.json')),
      [],
    );
  },
);
