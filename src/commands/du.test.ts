import t from 'tap';
import { toRef, type ArtifactRef } from '../model/artifact.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import { content } from '../testing/contracts/workspace.contract.ts';
import { runRecord } from '../testing/contracts/run-log.contract.ts';
import { spaceContext, unwrap } from '../testing/fake-context.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { du } from './du.ts';

async function setUp() {
  const world = new FakeWorld({});
  const context = spaceContext(world);
  const commit = async (path: string, text: string): Promise<ArtifactRef> => {
    world.files.set(path, text);
    return toRef(await content(world.workspace.commit(path as RepoPath)));
  };
  const ran = async (stage: string, minute: number, text: string): Promise<void> => {
    const outs = { [`out/${stage}`]: await commit(`out/${stage}`, text) };
    const record = runRecord(stage, minute, { outs });
    await world.runs.record(record);
    await world.lock.setStage(stage as StageName, { fingerprint: record.fingerprint, outs });
  };
  await ran('prepare', 1, 'four');
  await ran('train', 2, 'earlier model');
  await ran('train', 3, 'model');
  await ran('copy', 4, 'model');
  await world.lock.setSource('data' as RepoPath, await commit('data', 'raw data'));
  await commit('stray', 'nobody');
  return { world, context };
}

t.test('space by stage and source, what they share, and what is in the workspace', async (t) => {
  const { context } = await setUp();
  t.match(unwrap(await du({ paths: [] }, context)), {
    objects: { objects: 5, bytes: 36 },
    stages: [
      { stage: 'train', objects: 1, bytes: 13 },
      { stage: 'prepare', objects: 1, bytes: 4 },
      { stage: 'copy', objects: 0, bytes: 0 },
    ],
    sources: [{ path: 'data', objects: 1, bytes: 8 }],
    shared: { objects: 1, bytes: 5 },
    unreferenced: { objects: 1, bytes: 6 },
    workspace: [
      { path: 'data', stage: undefined, files: 1, bytes: 8 },
      { path: 'out/prepare', stage: 'prepare', files: 1, bytes: 4 },
      { path: 'out/train', stage: 'train', files: 1, bytes: 5 },
      { path: 'out/copy', stage: 'copy', files: 1, bytes: 5 },
    ],
  });
});

t.test('of some paths: what they named, in every run', async (t) => {
  const { context } = await setUp();
  const view = unwrap(await du({ paths: ['out/train', 'data'] }, context));
  t.match(view, {
    objects: { objects: 3, bytes: 26 },
    stages: [{ stage: 'train', objects: 2, bytes: 18 }],
    sources: [{ path: 'data', bytes: 8 }],
    unreferenced: { objects: 0, bytes: 0 },
  });
  t.same(
    view.workspace.map(({ path }) => path),
    ['data', 'out/train'],
  );
  t.match(await du({ paths: ['../elsewhere'] }, context), {
    error: { kind: 'usage', diagnostics: [{ code: 'du/outside' }] },
  });
});
