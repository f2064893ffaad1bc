import t from 'tap';
import { startFakeRegistry } from '../src/testing/fake-registry.ts';
import { createRig } from './rig.ts';

interface Built {
  readonly digest: string;
  readonly labels: { readonly [name: string]: string };
}

t.test('an image leads back to its commit, pipeline, model and run', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml':
      'stages:\n  train:\n    cmd: mkdir -p out/model && cp weights out/model/w\n    deps: [weights]\n    outs: [out]\n',
    weights: 'w1',
    '.gitignore': 'out\ncache\nimage\n',
  });
  await rig.git('init', '-q');
  await rig.git('add', '.');
  await rig.git('commit', '-qm', 'birds');
  const commit = (await rig.git('rev-parse', 'HEAD')).trim();
  t.equal((await rig.avian('repro')).code, 0);
  const words =
    'image build -o image --base scratch --model out/model:/model --label team=birds --json';
  const build = async (): Promise<Built> => {
    const { code, stdout, stderr } = await rig.avian(words);
    t.equal(code, 0, stderr);
    return JSON.parse(stdout) as Built;
  };
  const { labels, digest } = await build();
  t.match(labels, {
    'org.opencontainers.image.revision': commit,
    'dev.avian.pipeline': /^b3:[0-9a-f]{64}$/,
    'dev.avian.model-digest': /^b3:[0-9a-f]{64}$/,
    'dev.avian.run': /^[0-9a-f]{64}$/,
    team: 'birds',
  });
  const lineage = await rig.avian(['lineage', labels['dev.avian.run'] ?? '', '--up']);
  t.match(lineage.stdout, /train/, 'the run is one that lineage knows');
  t.match(lineage.stdout, /weights/);

  t.equal((await rig.avian('repro -f')).code, 0);
  t.equal((await build()).digest, digest, 'made again to the same bytes, it is the same image');

  const registry = await startFakeRegistry(t);
  const pushed = await rig.avian(`image push image ${registry.host}/birds:v1 --record pushed.json`);
  t.equal(pushed.code, 0, pushed.stderr);
  t.equal(pushed.stdout.trimEnd().split('\n').at(-1), `${registry.host}/birds@${digest}`);
  t.match(JSON.parse(rig.read('pushed.json')), { v: 1, digest, tag: 'v1', labels });
  registry.demand = { kind: 'basic', user: 'robin', password: 'red' };
  const denied = await rig.avian(`image push image ${registry.host}/birds:v2`, {
    DOCKER_CONFIG: rig.root,
  });
  t.equal(denied.code, 4);
  t.match(denied.stderr, `hint: docker login ${registry.host}`);
});
