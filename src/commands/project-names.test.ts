import t from 'tap';
import { openProjectFiles } from '../adapters/project-files/project-files.ts';
import { NO_NAMES, projectNames } from './project-names.ts';

const projectCache = {
  load: () => undefined,
  store: () => {
    throw new Error('stored');
  },
};

const namesOf = (root: string) =>
  projectNames({ files: openProjectFiles(root), projectCache, version: '0' });

t.test('everything that can be named, and nothing is written', async (t) => {
  const root = t.testdir({
    'pipeline.yaml': `
stages:
  train: { cmd: train, outs: [model], metrics: [m.json] }
tasks:
  predict: { cmd: predict }
`,
    'params.yaml': 'defaults: [{data: plates}, _self_]\ntrain: {lr: 1, nested: {deep: 2}}\n',
    conf: {
      data: { 'plates.yaml': 'size: 3\n', 'folder.yml': '', loader: { 'fast.yaml': '' } },
      'config.yaml': '',
    },
    'pipeline.lock': JSON.stringify({ version: 1, sources: { 'data/raw': {} }, stages: {} }),
  });
  t.same(await namesOf(root), {
    stages: ['train'],
    outs: ['model', 'm.json'],
    tasks: ['predict'],
    sources: ['data/raw'],
    groups: { data: ['folder', 'plates'], 'data/loader': ['fast'] },
    keys: ['data.size', 'train.lr', 'train.nested.deep'],
  });
});

t.test('a project that cannot be read has no names, a damaged lock no sources', async (t) => {
  t.same(await namesOf(t.testdir({ 'pipeline.yaml': 'stages: [' })), NO_NAMES);
  t.same(await namesOf(t.testdir({})), NO_NAMES);
  const root = t.testdir({ 'pipeline.yaml': 'stages: {a: {cmd: a}}', 'pipeline.lock': '<<<<<<<' });
  t.match(await namesOf(root), { stages: ['a'], sources: [] });
});
