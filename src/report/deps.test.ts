import t from 'tap';
import type { AttemptId, RepoPath, StageName } from '../model/names.ts';
import type { DepsView, Undeclared } from '../model/trace.ts';
import { depsJson, depsText } from './deps.ts';
import { createStyle } from './style.ts';

const style = createStyle({ colour: false, ascii: false });
const now = Date.parse('2026-01-01T00:03:00.000Z');
const path = (text: string) => text as RepoPath;

const view = (
  undeclared: Partial<Undeclared>,
  more: Partial<DepsView['stages'][number]> = {},
): DepsView => ({
  stages: [
    {
      name: 'train' as StageName,
      wdir: path('.'),
      attempt: '20260101T000000Z-00000a' as AttemptId,
      startedAt: '2026-01-01T00:00:00.000Z',
      by: 'strace',
      outdated: false,
      undeclared: { reads: [], writes: [], unread: [], ...undeclared },
      ...more,
    },
  ],
  unwatched: [],
});

t.test('lines for pipeline.yaml, each with its reason', async (t) => {
  const shown = view({
    reads: [
      { path: path('clean.csv'), files: 1, producer: 'prepare' as StageName },
      { path: path('data'), files: 1200 },
      { path: path('params.yaml'), files: 1 },
    ],
    writes: [
      { path: path('train.log'), files: 1 },
      { path: path('report'), files: 1, producer: 'score' as StageName },
    ],
    unread: [path('old.csv')],
  });
  t.equal(
    depsText({ ...shown, unwatched: ['score' as StageName] }, style, now),
    `  train:           # seen by strace 3 minutes ago
    deps:
      - clean.csv  # add: read, prepare writes it
      - data       # add: read, 1,200 files in it
#     - old.csv    # remove: never read
    params:
#     - <key>      # params.yaml was read: name what it takes
    outs:
      - train.log  # add: written
#     - report     # written, but an out of score
# never watched: score; avian repro --trace -f -s score
`,
  );
  t.match(depsJson(shown), {
    v: 1,
    stages: [
      {
        name: 'train',
        add: {
          deps: [{ path: 'clean.csv', files: 1, producer: 'prepare' }, {}, {}],
          outs: [{}, {}],
        },
        remove: { deps: ['old.csv'] },
      },
    ],
    unwatched: [],
  });
});

t.test('paths as the stage says them, in quotes where YAML wants them', async (t) => {
  const reads = ['sub/a', 'b', 'sub', '- x: #', 'sub/null', '1.0', "it's", 'é\n'];
  const shown = view(
    { reads: reads.map((text) => ({ path: path(text), files: 1 })) },
    { wdir: path('sub') },
  );
  const lines = depsText(shown, style, now).split('\n');
  t.same(
    lines.filter((line) => line.startsWith('      -')).map((line) => line.split('  # ')[0]!.trim()),
    [
      '- a',
      '- ../b',
      "- '.'",
      "- '../- x: #'",
      "- 'null'",
      "- '../1.0'",
      `- '../it''s'`,
      '- "../é\\n"',
    ],
  );
});

t.test('nothing to say is said', async (t) => {
  t.equal(
    depsText(view({}, { by: 'node', outdated: true }), style, now),
    '  train:  # nothing to add or remove, seen by node 3 minutes ago, with another cmd\n',
  );
});
