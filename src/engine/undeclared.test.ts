import t from 'tap';
import type { RepoPath, StageName } from '../model/names.ts';
import type { Traced } from '../model/trace.ts';
import { pipeline } from '../testing/pipelines.ts';
import { findUndeclared } from './undeclared.ts';

const PICTURE = `
  raw                -> prepare -> clean, tables
  clean, train.py    -> train   -> model
  model, data/labels -> score   -> report
`;

/** Findings about `train`, unless another stage is asked about. */
function find(
  seen: { read?: (string | [string, string])[]; listed?: string[]; written?: string[] },
  about: { by?: Traced['by']; succeeded?: boolean; stage?: string; params?: string } = {},
) {
  const { by = 'strace', succeeded = true, stage = 'train', params } = about;
  const declared = params === undefined ? [] : [{ file: params as RepoPath }];
  const { graph } = pipeline(PICTURE, { [stage]: { params: declared } });
  const { read = [], listed = [], written = [] } = seen;
  const accesses = {
    read: read.map((name) =>
      typeof name === 'string'
        ? { path: name as RepoPath }
        : { path: name[0] as RepoPath, real: name[1] as RepoPath },
    ),
    listed: listed as RepoPath[],
    written: written as RepoPath[],
  };
  return findUndeclared(
    graph.stages.get(stage as StageName)!,
    { kind: 'traced', by, accesses },
    {
      graph,
      succeeded,
    },
  );
}

const DECLARED = ['clean', 'train.py'];

t.test('what is declared is no news', async (t) => {
  const nothing = { reads: [], writes: [], unread: [] };
  t.same(find({ read: [...DECLARED, 'model/w'], written: ['model/w', 'model/v'] }), nothing);
  t.same(
    find({ read: ['train.py', 'other.yaml'], listed: ['clean'] }, { params: 'other.yaml' }),
    nothing,
  );
  t.same(find({ read: ['train.py', ['link', 'clean/a']] }), nothing, 'by where a link leads');
});

t.test('reads: a source, a lacking edge, and a folder for its many files', async (t) => {
  const photos = ['a', 'b', 'c', 'd'].map((name) => `photos/${name}/1.jpg`);
  const { reads } = find({
    read: [...DECLARED, 'tables/x', 'tables/y', 'helper.py', ...photos],
    listed: ['photos', 'photos/a', '.'],
  });
  t.same(reads, [
    { path: 'helper.py', files: 1 },
    { path: 'photos', files: 4 },
    { path: 'tables', files: 2, producer: 'prepare' },
  ]);
});

t.test('a folder stands for its files only where it was listed and is nobody else’s', async (t) => {
  const files = ['data/a', 'data/b', 'data/c', 'data/d'];
  const one = (path: string) => ({ path, files: 1 });
  t.same(find({ read: [...DECLARED, ...files] }).reads, files.map(one), 'not listed');
  const crowded = find({ read: [...DECLARED, ...files], listed: ['data'], written: ['data/own'] });
  t.same(crowded.reads, files.map(one), 'the stage writes there');
  const few = find({ read: [...DECLARED, 'data/a', 'data/b'], listed: ['data'] });
  t.same(few.reads, ['data/a', 'data/b'].map(one));
});

t.test('writes: a file, a folder of them, and what belongs to another stage', async (t) => {
  const plots = ['a', 'b', 'c', 'd'].map((name) => `out/plots/${name}.svg`);
  const { writes } = find({ read: DECLARED, written: ['log.txt', 'report', ...plots] });
  t.same(writes, [
    { path: 'log.txt', files: 1 },
    { path: 'out/plots', files: 4 },
    { path: 'report', files: 1, producer: 'score' },
  ]);
  const beside = ['data/a', 'data/b', 'data/c', 'data/d'];
  const shared = find({ read: DECLARED, written: beside }).writes;
  t.same(
    shared.map(({ path }) => path),
    beside,
    'data/labels is a dep of score',
  );
});

t.test('never read: only when everything was watched to a good end', async (t) => {
  t.same(find({ read: ['train.py'] }).unread, ['clean']);
  t.same(find({ read: ['train.py'] }, { by: 'node' }).unread, []);
  t.same(find({ read: ['train.py'] }, { succeeded: false }).unread, []);
  t.same(find({ read: ['model'], listed: ['data'] }, { stage: 'score' }).unread, ['data/labels']);
});
