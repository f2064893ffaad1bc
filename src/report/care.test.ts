import t from 'tap';
import type { FsckView, RemoteFsckView, RemoteGcView } from '../model/care-views.ts';
import type { Digest } from '../model/names.ts';
import { fsckText, remoteFsckText, remoteGcJson, remoteGcText } from './care.ts';
import { createStyle } from './style.ts';

const style = createStyle({ colour: false, ascii: true });
const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const HOUR = 3_600_000;
const remote = { name: 'lab', url: 'gs://birds/team' };
const digest = (digit: string): Digest => `b3:${digit.repeat(64)}` as Digest;

const gc: RemoteGcView = {
  ...{ remote, dry: true, graceMs: 24 * HOUR, lost: [] },
  roots: [
    {
      ...{ id: 'a'.repeat(64), commit: 'c0ffee'.repeat(6), by: 'robin@nest', paths: 2, runs: 3 },
      ...{ at: '2026-11-20T12:00:00.000Z', isDropped: true },
    },
    {
      ...{ id: 'b'.repeat(64), by: 'wren@nest', paths: 1, runs: 1 },
      ...{ at: '2026-11-25T11:00:00.000Z', isDropped: false },
    },
  ],
  staying: { holders: 3, bytes: 3 * 2 ** 30, needed: 2 * 2 ** 30 },
  condemned: { names: 2, bytes: 5 * 2 ** 30 },
  waiting: [{ names: 1, bytes: 1024, until: NOW + 3 * HOUR }],
  deleted: { names: 0, bytes: 0 },
  moved: { objects: 0, bytes: 0 },
};

t.test('gc --remote: what is kept, what would go, what comes next', (t) => {
  t.equal(
    remoteGcText(gc, style, NOW),
    [
      'lab (gs://birds/team) keeps 1 root: 3.0 GiB in 3 packs and blobs, 2.0 GiB of it needed',
      '  c0ffeec0ffee              robin@nest  5 days ago  2 paths  3 runs  dropped',
      '  (no commit) bbbbbbbbbbbb  wren@nest   1 hour ago   1 path   1 run',
      '1.0 KiB in 1 object of the bucket is condemned; `avian gc --remote --force` deletes it in 3h 00m',
      'nothing needs 5.0 GiB in 2 objects of the bucket; --force condemns it, and deletes it when called 24h 00m later',
      '',
    ].join('\n'),
  );
  const done = { ...gc, dry: false, deleted: { names: 4, bytes: 2048 }, lost: [digest('a')] };
  const text = remoteGcText({ ...done, moved: { objects: 1, bytes: 7 } }, style, NOW);
  t.match(text, /^deleted 2.0 KiB in 4 objects of the bucket$/m);
  t.match(text, /^copied 1 needed object, 7 B, out of packs that go$/m);
  t.match(
    text,
    /^condemned 5.0 GiB in 2 objects of the bucket; `avian gc --remote --force` deletes/m,
  );
  t.match(text, /1 object that a commit needs is not there; .*fsck --remote --repair/);
  t.match(remoteGcJson(gc), {
    v: 1,
    roots: [{ commit: /^c0ffee/, dropped: true }, { dropped: false }],
    waiting: [{ until: '2026-11-25T15:00:00.000Z' }],
  });
  t.end();
});

t.test('fsck: what is damaged, what was healed, what to do', (t) => {
  const view: FsckView = {
    ...{ repair: false, objects: 12, bytes: 4096, healed: [], absent: ['data', 'model'] },
    ...{ wrong: [digest('a')], missing: [digest('b')], runs: { known: 3, restorable: 2 } },
  };
  t.equal(
    fsckText(view, style),
    [
      'read 12 objects, 4.0 KiB: 2 damaged',
      `  wrong bytes ${digest('a')}`,
      `  missing ${digest('b')}`,
      '`avian fsck --repair` brings them from the remote',
      'not in the cache: data, model; `avian pull` brings what was pushed',
      '2 of 3 runs can be restored from here',
      '',
    ].join('\n'),
  );
  const half = { ...view, repair: true, healed: [digest('a')], unhealedBecause: 'no way' };
  t.match(
    fsckText(half, style),
    /healed b3:a+ \(wrong bytes\)\n {2}missing b3:b+\n1 object could not be healed: no way/,
  );
  t.end();
});

t.test('fsck --remote: what is damaged, what was healed, whose it is', (t) => {
  const view: RemoteFsckView = {
    ...{ remote, repair: false, roots: 2, holders: 5, bytes: 2 ** 20, lost: 1, healed: 0 },
    damages: [
      { name: 'packs/ab.pack', kind: 'wrong-bytes', cause: 'it has other bytes', objects: 1 },
    ],
    unhealed: [{ digest: digest('a'), path: 'data', commit: 'c0ffee'.repeat(6) }],
  };
  t.equal(
    remoteFsckText(view, style),
    [
      'read 1.0 MiB in 5 packs and blobs of lab (gs://birds/team), kept by 2 roots: 1 damaged',
      '  packs/ab.pack: it has other bytes (1 object)',
      '1 object that a commit needs is lost there; `avian fsck --remote --repair` heals what the cache has',
      '',
    ].join('\n'),
  );
  t.match(
    remoteFsckText({ ...view, repair: true }, style),
    /1 object could not be healed; .*\n {2}b3:a+ in data of commit c0ffeec0ffee\n$/,
  );
  t.match(
    remoteFsckText({ ...view, repair: true, healed: 1, unhealed: [] }, style),
    /healed 1 object/,
  );
  t.end();
});
