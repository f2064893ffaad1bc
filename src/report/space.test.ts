import t from 'tap';
import type { DuView, GcView } from '../model/space-views.ts';
import { NOON, path, stage } from '../testing/samples.ts';
import { duJson, duText, gcJson, gcText, gcUndoJson, gcUndoText } from './space.ts';
import { createStyle } from './style.ts';

const style = createStyle({ colour: false, ascii: false });
const DAY = 86_400_000;
const GB = 2 ** 30;

const VIEW: GcView = {
  dry: false,
  kept: [
    { by: 'workspace', objects: 4000, bytes: 12 * GB },
    { by: 'commits', objects: 0, bytes: 0 },
    { by: 'sources', objects: 120, bytes: 5 * GB },
  ],
  unneeded: [
    {
      ...{ stage: stage('train'), objects: 410, bytes: 6 * GB },
      ...{ newest: NOON - 32 * DAY, oldest: NOON - 91 * DAY },
    },
    { objects: 1, bytes: 512, newest: NOON - 40 * DAY, oldest: NOON - 40 * DAY },
  ],
  leftovers: [{ kind: 'failed', count: 2, bytes: GB }],
  moved: { objects: 0, bytes: 0 },
  held: { why: 'no-remote', objects: 411, bytes: 7 * GB + 512 },
  broughtBack: 0,
  emptied: { ids: [], bytes: 0 },
  trash: { ids: [], bytes: 0 },
  trashDays: 7,
};

t.test('gc without a remote', async (t) => {
  t.equal(
    gcText(VIEW, style, NOON),
    `17 GiB in 4,120 objects are needed
   12 GiB  4,000 objects  named by pipeline.lock
  5.0 GiB    120 objects  raw data, never removed
7.0 GiB in 411 objects are not
  6.0 GiB  410 objects  train     32 days ago to 91 days ago
    512 B     1 object  (no run)  40 days ago
  1.0 GiB            2  left by failed stages (tmp/failed)
there is no remote, so nothing is known to have a copy elsewhere; --force would free 7.0 GiB
`,
  );
});

t.test('gc that took something, brought something back and emptied old trash', async (t) => {
  const { held: _, ...rest } = VIEW;
  const view: GcView = {
    ...rest,
    ...{ kept: [], unneeded: [], leftovers: [], broughtBack: 2 },
    moved: { objects: 411, bytes: 7 * GB, id: '20261123T120000Z-abcdef' },
    emptied: { ids: ['20261101T120000Z-abcdef'], bytes: GB },
    trash: { ids: ['20261123T120000Z-abcdef'], bytes: 7 * GB },
  };
  t.equal(
    gcText(view, style, NOON),
    `0 B in 0 objects are needed
2 objects in the trash came back: they are needed again
7.0 GiB moved to the trash, to be removed for good in 7 days
avian gc --undo 20261123T120000Z-abcdef  puts it back
1.0 GiB of old trash removed for good
`,
  );
  const dry = gcText({ ...view, dry: true, moved: { objects: 1, bytes: GB } }, style, NOON);
  t.match(dry, /2 objects in the trash would come back/);
  t.match(dry, /without --dry 1\.0 GiB would go to the trash/);
  const gone = { ...view, emptied: { ids: [view.moved.id ?? ''], bytes: 7 * GB } };
  t.match(gcText(gone, style, NOON), /7\.0 GiB removed for good\n/);
});

t.test('gc as JSON', async (t) => {
  t.strictSame(gcJson(VIEW)['held'], { why: 'no-remote', objects: 411, bytes: 7 * GB + 512 });
  t.match(gcJson(VIEW), {
    v: 1,
    kept: [{ by: 'workspace', objects: 4000, bytes: 12 * GB }, {}, {}],
    unneeded: [{ stage: 'train', newest: '2026-10-22T12:00:00.000Z' }, { objects: 1 }],
    leftovers: [{ kind: 'failed', count: 2, bytes: GB }],
    trash: { ids: [], bytes: 0 },
  });
  const undone = { id: 'x', objects: 2, bytes: 5, leftovers: 1 };
  t.equal(gcUndoText(undone), '5 B in 2 objects and 1 of tmp are back from x\n');
  t.same(gcUndoJson(undone), { v: 1, ...undone });
});

t.test('du', async (t) => {
  const view: DuView = {
    objects: { objects: 4, bytes: 9 * GB },
    stages: [{ stage: stage('train'), objects: 2, bytes: 5 * GB }],
    sources: [{ path: path('data'), objects: 1, bytes: 3 * GB }],
    shared: { objects: 0, bytes: 0 },
    unreferenced: { objects: 1, bytes: GB },
    trash: { ids: ['x'], bytes: 512 },
    parts: [
      { part: 'logs', files: 3, bytes: 2048 },
      { part: 'layers', files: 0, bytes: 0 },
    ],
    workspace: [{ path: path('model'), stage: stage('train'), files: 2, bytes: 10 }],
  };
  t.equal(
    duText(view, style),
    `objects
5.0 GiB  stage train      2 objects
3.0 GiB  source data      1 object
1.0 GiB  named by no run  1 object
9.0 GiB  objects in all   4 objects
beside them
  512 B  trash  avian gc --undo
2.0 KiB  logs   3 files
workspace
10 B  model  2 files, train
`,
  );
  t.match(duJson(view), { v: 1, stages: [{ stage: 'train' }], parts: [{ part: 'logs' }, {}] });
});
