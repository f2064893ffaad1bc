import t from 'tap';
import type { DiffView } from '../model/history-views.ts';
import { digest, path, stage } from '../testing/samples.ts';
import { diffJson, diffText } from './diff.ts';
import { createStyle } from './style.ts';

const plain = createStyle({ colour: false, ascii: false });

const VIEW: DiffView = {
  before: 'HEAD',
  after: 'workspace',
  changes: [
    { kind: 'added', role: 'out', path: path('new'), after: { digest: digest('aa'), size: 3 } },
    { kind: 'deleted', role: 'dep', path: path('old.py'), before: { digest: digest('bb') } },
    {
      ...{ kind: 'renamed', role: 'source', path: path('data'), from: path('raw') },
      after: { digest: digest('cc'), size: 2048, files: 2 },
    },
    {
      ...{ kind: 'modified', role: 'out', path: path('model') },
      before: { digest: digest('dd'), size: 1, files: 1 },
      after: { digest: digest('ee'), size: 2, files: 2 },
      files: [
        { path: 'weights', kind: 'modified' },
        { path: 'labels', kind: 'added' },
      ],
    },
    {
      ...{ kind: 'modified', role: 'out', path: path('elsewhere') },
      before: { digest: digest('d1'), size: 1, files: 1 },
      after: { digest: digest('d2'), size: 2, files: 2 },
    },
  ],
  unknown: [stage('train')],
};

t.test('diff, for people', async (t) => {
  t.equal(
    diffText(VIEW, plain),
    `HEAD -> workspace
added
  out  new  aa0000  3 B
deleted
  dep  old.py  bb0000
renamed
  source  raw -> data  cc0000  2 files, 2.0 KiB
modified
  out  model      dd0000 -> ee0000  2 files, 2 B
         weights modified
         labels added
  out  elsewhere  d10000 -> d20000  2 files, 2 B
         which files is not known: a tree is neither in the cache nor in the workspace
1 added, 1 deleted, 1 renamed, 2 modified; 2 files inside
what train read is not known on both sides: the run is not on this machine
`,
  );
  const nothing = { ...VIEW, changes: [], unknown: [] };
  t.equal(diffText(nothing, plain), 'no data differs between HEAD and workspace\n');
});

t.test('diff, for machines', async (t) => {
  t.match(diffJson(VIEW), {
    v: 1,
    changes: [
      { kind: 'added', path: 'new', after: { digest: digest('aa'), size: 3 } },
      { kind: 'deleted', before: { digest: digest('bb') } },
      { kind: 'renamed', from: 'raw', path: 'data' },
      { kind: 'modified', files: [{ path: 'weights', kind: 'modified' }, {}] },
      { kind: 'modified', files: null },
    ],
    unknown: ['train'],
  });
});
