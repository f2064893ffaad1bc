import t from 'tap';
import type { Artifact } from '../model/artifact.ts';
import type { Digest } from '../model/names.ts';
import { ok } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import { provenanceLabels, type ProvenancePorts } from './image-provenance.ts';

/** A project whose `artifacts/quantized` was made by these runs, newest first. */
function project(runs: readonly { id: string; digest: string }[]): ProvenancePorts {
  const digests: { readonly [path: string]: string } = {
    'artifacts/quantized': 'b3:aa',
    'artifacts/quantized/uint8': 'b3:cc',
  };
  return {
    workspace: {
      digest: async (path) => {
        const digest = digests[path] as Digest | undefined;
        return ok(digest && ({ kind: 'tree', digest } as Artifact));
      },
    },
    runs: {
      producersAt: async (path) =>
        path === 'artifacts/quantized'
          ? runs.map(({ id, digest }) => ({ id, outs: { [path]: { digest } } }) as unknown as Run)
          : [],
    },
    environment: { root: '/project', git: async () => ({ commit: 'c0ffee', dirty: false }) },
    files: { read: (path) => (path === 'pipeline.yaml' ? 'stages: {}\n' : undefined) },
    hash: (text) => `hash of ${text.trim()}`,
  };
}

t.test('commit, pipeline, the model and the run that first made it', async (t) => {
  const runs = [
    { id: 'other', digest: 'b3:bb' },
    { id: 'again', digest: 'b3:aa' },
    { id: 'first', digest: 'b3:aa' },
    { id: 'older', digest: 'b3:bb' },
  ];
  t.same(await provenanceLabels('/project/artifacts/quantized/uint8', project(runs)), [
    ['org.opencontainers.image.revision', 'c0ffee'],
    ['dev.avian.pipeline', 'b3:hash of stages: {}'],
    ['dev.avian.model-digest', 'b3:cc'],
    ['dev.avian.run', 'first'],
  ]);
});

t.test('what is not known is left out', async (t) => {
  const names = async (model: string | undefined, changes: Partial<ProvenancePorts> = {}) =>
    (await provenanceLabels(model, { ...project([]), ...changes })).map(([name]) => name);
  const always = ['org.opencontainers.image.revision', 'dev.avian.pipeline'];
  t.same(await names('/project/artifacts/quantized/uint8'), [...always, 'dev.avian.model-digest']);
  t.same(await names('/elsewhere/model'), always);
  t.same(await names(undefined), always);
  const bare = { environment: { root: '/project', git: async () => undefined } };
  t.same(await names(undefined, { ...bare, files: { read: () => undefined } }), []);
  const dirty = { root: '/project', git: async () => ({ commit: 'c', dirty: true }) };
  t.ok((await names(undefined, { environment: dirty })).includes('dev.avian.dirty'));
  const replaced = project([{ id: 'other', digest: 'b3:bb' }]);
  t.notOk(
    (await provenanceLabels('/project/artifacts/quantized', replaced)).some(
      ([name]) => name === 'dev.avian.run',
    ),
    'a run that made something else made not this',
  );
});
