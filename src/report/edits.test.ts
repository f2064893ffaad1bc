import t from 'tap';
import { path, stage } from '../testing/samples.ts';
import { freezeJson, freezeText, moveJson, moveText, removeJson, removeText } from './edits.ts';
import { createStyle } from './style.ts';

const plain = createStyle({ colour: false, ascii: false });

t.test('freeze', async (t) => {
  const view = {
    stages: [
      { name: stage('train'), done: 'frozen' },
      { name: stage('score'), done: 'unchanged' },
    ],
  } as const;
  t.equal(freezeText(view, plain), '✓ frozen     train\n· unchanged  score\n');
  t.same(freezeJson(view), { v: 1, ...view });
});

t.test('remove', async (t) => {
  const view = {
    kind: 'stage',
    name: 'train',
    files: [
      { path: path('model'), done: 'deleted' },
      { path: path('log'), done: 'not-in-cache' },
    ],
    readers: [stage('score')],
  } as const;
  t.equal(
    removeText(view, plain),
    `✓ removed stage train
✓ deleted  model
! kept     log    the cache does not hold it, so deleting would lose it
! score still reads what it had
`,
  );
  t.match(removeJson(view), { v: 1, removed: { kind: 'stage' }, files: view.files });
});

t.test('move', async (t) => {
  const out = {
    kind: 'out',
    ...{ from: 'clean', to: 'data/clean' },
    ...{ runs: [stage('prepare'), stage('train')], mentions: [stage('train')] },
  } as const;
  t.equal(
    moveText(out, plain),
    `✓ moved out clean -> data/clean
  prepare, train run again: the path is part of what a stage is; \`avian commit -f prepare train\` takes what lies there instead
  the cmd of train still says clean
`,
  );
  const renamed = { kind: 'stage', from: 'train', to: 'fit', runs: [], mentions: [] } as const;
  t.equal(
    moveText(renamed, plain),
    '✓ moved stage train -> fit\n  nothing runs for it; its earlier runs stay listed under the old name\n',
  );
  t.match(moveJson(renamed), { v: 1, moved: { kind: 'stage', from: 'train', to: 'fit' } });
});
