import { join } from 'node:path';
import t from 'tap';
import { createOciImageStore } from '../adapters/oci/oci-image-store.ts';
import type { Artifact } from '../model/artifact.ts';
import type { Deployment } from '../model/deployment.ts';
import { EMPTY_LOCK, type PipelineLock } from '../model/lock.ts';
import type { Digest, Fingerprint } from '../model/names.ts';
import { ok } from '../model/result.ts';
import { folderArtifact, referencedArtifact, type ArtifactPorts } from './deployed-artifact.ts';
import { buildImage } from './image.ts';

const digest = (letter: string): Digest => `b3:${letter.repeat(64)}` as Digest;

t.test('an image that was named by its digest is the out that holds it', async (t) => {
  const root = t.testdir({
    images: {},
    data: { 'robin.jpg': 'robin' },
    'app.js': '1',
    cache: {},
  });
  const images = createOciImageStore({
    ...{ layers: join(root, 'cache/layers'), nodeProgram: process.execPath, arch: process.arch },
  });
  const built = await buildImage(
    {
      ...{ cwd: root, output: 'images/service', base: 'scratch', copy: ['app.js:/app.js'] },
      entrypoint: '/app.js',
    },
    {
      ...{ images, version: '1', nodeVersion: '24', notify: () => undefined },
      environment: { variable: () => undefined },
      engine: () => {
        throw new Error('no engine takes part');
      },
    },
  );
  if (!built.ok) throw new Error(JSON.stringify(built.error));
  const name = built.value.digest;

  let lock: PipelineLock = EMPTY_LOCK;
  const deployments: Deployment[] = [];
  const looked: string[] = [];
  const ports: ArtifactPorts = {
    ...{ environment: { root }, images, lock: { read: async () => ok(lock) } },
    runs: { deployments: async () => deployments },
    workspace: {
      digest: async (path) => {
        looked.push(path);
        const tree: Artifact = { kind: 'tree', digest: digest('c'), size: 1, files: 1 };
        return ok(tree);
      },
    },
  };
  t.equal(await referencedArtifact(name, ports), undefined, 'built outside of any stage');

  const outs = {
    data: { digest: digest('a'), size: 5, files: 1 },
    'images/service': { digest: digest('b'), size: 9, files: 4 },
    'images/lost': { digest: digest('b'), size: 9, files: 4 },
    'metrics.json': { digest: digest('d'), size: 2 },
  };
  lock = {
    ...EMPTY_LOCK,
    stages: { image: { fingerprint: 'f1:0' as Fingerprint, outs } },
  };
  t.equal(await referencedArtifact(name, ports), digest('c'));
  t.same(looked, ['images/service'], 'as it lies there now, and nothing else is read');
  t.equal(await referencedArtifact(`sha256:${'0'.repeat(64)}`, ports), undefined);

  deployments.push({
    ...{ v: 1, name: 'birds', target: 'docker', revision: 'birds-00001', url: 'http://here' },
    ...{ startedAt: '2026-11-01T00:00:00.000Z', image: name, host: 'here', artifact: digest('e') },
  });
  t.equal(await referencedArtifact(name, ports), digest('e'), 'what was recorded goes first');
  t.equal(await folderArtifact(join(root, '..', 'elsewhere'), ports), undefined);
});
