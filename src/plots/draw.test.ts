import t from 'tap';
import type { Drawing, PlotDeclaration } from '../model/plot.ts';
import { path } from '../testing/samples.ts';
import { draw } from './draw.ts';
import type { Loaded } from './loaded.ts';
import { readTable } from './table.ts';

const FILE = path('log.csv');

const declared = (changes: Partial<PlotDeclaration> = {}): PlotDeclaration => ({
  id: 'log.csv',
  sources: [{ file: FILE, y: [] }],
  header: true,
  ...changes,
});

/** Each revision with its files, all of them CSV, drawn as declared. */
async function drawn(
  declaration: PlotDeclaration,
  revisions: { readonly [name: string]: readonly string[] },
) {
  const loaded = await Promise.all(
    Object.entries(revisions).map(async ([revision, texts]): Promise<Loaded> => ({
      ...{ revision, pictures: [], leftOut: 0, notes: [] },
      tables: await Promise.all(
        texts.map(async (text, at) => {
          const source = declaration.sources[at] ?? { file: FILE, y: [] };
          const table = await readTable('a.csv', text, true);
          if (!table.ok) throw new Error(table.error);
          return { source, file: source.file, table: table.value };
        }),
      ),
    })),
  );
  return draw(declaration, loaded);
}

type Lines = Extract<Drawing, { kind: 'lines' }>;

t.test('without fields: the last column by row, as DVC has it', async (t) => {
  const { drawing, notes } = await drawn(declared(), {
    workspace: ['epoch,loss\n1,0.5\n2,0.25\n'],
  });
  t.match(drawing, {
    kind: 'lines',
    x: { label: 'row', scale: 'number' },
    y: { label: 'loss' },
    series: [
      {
        revision: 'workspace',
        name: 'loss',
        points: [
          { x: 0, y: 0.5 },
          { x: 1, y: 0.25 },
        ],
      },
    ],
  });
  t.same(notes, []);
});

t.test(
  'a curve for each field, file and revision; rows without a value are left out',
  async (t) => {
    const other = path('other.csv');
    const x = { field: 'epoch' };
    const { drawing } = await drawn(
      declared({
        sources: [
          { file: FILE, y: ['loss', 'val'], x },
          { file: other, y: ['loss'], x },
        ],
      }),
      {
        HEAD: ['epoch,loss,val\n1,4,\n2,3,7\n', 'epoch,loss\n1,9\n'],
        workspace: ['epoch,loss,val\n1,2,8\n', 'epoch,loss\n1,nan\n'],
      },
    );
    t.same(
      (drawing as Lines).series.map(({ revision, name, points }) => [
        revision,
        name,
        points.map((point) => [point.x, point.y]),
      ]),
      [
        [
          'HEAD',
          'log.csv: loss',
          [
            [1, 4],
            [2, 3],
          ],
        ],
        ['HEAD', 'log.csv: val', [[2, 7]]],
        ['HEAD', 'other.csv: loss', [[1, 9]]],
        ['workspace', 'log.csv: loss', [[1, 2]]],
        ['workspace', 'log.csv: val', [[1, 8]]],
        ['workspace', 'other.csv: loss', []],
      ],
    );
  },
);

t.test('an axis that holds one text is an axis of texts', async (t) => {
  const sources = [{ file: FILE, y: ['n'], x: { field: 'day' } }];
  const { drawing } = await drawn(declared({ sources }), { workspace: ['day,n\n1,5\nlast,6\n'] });
  t.match(drawing, { x: { scale: 'text' }, series: [{ points: [{ x: '1' }, { x: 'last' }] }] });
});

t.test('what is not there is told, with what was meant', async (t) => {
  const sources = [{ file: FILE, y: ['los'], x: { field: 'epoch' } }];
  const { drawing, notes } = await drawn(declared({ sources, template: 'liner' }), {
    workspace: ['epoch,loss\n1,2\n'],
  });
  t.equal(drawing.kind, 'nothing');
  t.same(notes, [
    'there is no template `liner`, so it is drawn as `linear`; did you mean `linear`?',
    'log.csv has no field `los`; did you mean `loss`?',
  ]);
});

t.test('a Vega-Lite template is told to be none that is drawn', async (t) => {
  const sources = [{ file: FILE, y: ['loss'], x: { field: 'epoch' } }];
  const { drawing, notes } = await drawn(declared({ sources, template: '.dvc/plots/dots.json' }), {
    workspace: ['epoch,loss\n1,2\n'],
  });
  t.equal(drawing.kind, 'lines');
  t.match(notes, [/^`\.dvc\/plots\/dots\.json` is a Vega-Lite template .* drawn as `linear`; /]);
});

t.test(
  'confusion counts by class, in order, and shows of many those that are mistaken',
  async (t) => {
    const sources = [{ file: FILE, y: ['said'], x: { field: 'is' } }];
    const rows = 'is,said\n10,10\n9,10\n9,9\n10,10\n';
    t.match((await drawn(declared({ sources, template: 'confusion' }), { a: [rows] })).drawing, {
      ...{ actual: 'is', predicted: 'said', normalized: false },
      classes: ['9', '10'],
      matrices: [
        {
          counts: [
            [1, 1],
            [0, 2],
          ],
        },
      ],
    });
    const many = Array.from({ length: 60 }, (_, n) => `c${n},c${n}\n`).join('');
    const { drawing, notes } = await drawn(
      declared({ sources, template: 'confusion_normalized' }),
      {
        a: [`is,said\n${many}c58,c59\n`],
      },
    );
    const { classes } = drawing as Extract<Drawing, { kind: 'confusion' }>;
    t.equal(classes.length, 40);
    t.ok(classes.includes('c58') && classes.includes('c59'));
    t.match(notes, [/^the 40 of 60 classes/]);
  },
);

t.test('bars by name, with a value a revision; sorted by length where asked', async (t) => {
  const sources = [{ file: FILE, y: ['name'], x: { field: 'size' } }];
  const bars = async (template: string) =>
    (
      (
        await drawn(declared({ sources, template }), {
          HEAD: ['name,size\na,1\nb,5\n'],
          workspace: ['name,size\nb,6\nc,x\n'],
        })
      ).drawing as Extract<Drawing, { kind: 'bars' }>
    ).bars.map(({ name, values }) => [name, ...values.map(({ value }) => value)]);
  t.same(await bars('bar_horizontal'), [
    ['a', 1],
    ['b', 5, 6],
  ]);
  t.same(await bars('bar_horizontal_sorted'), [
    ['b', 5, 6],
    ['a', 1],
  ]);
});

t.test('a table is the file as it is, or its fields in their order', async (t) => {
  const text = 'a,b,c\n1,2,3\n';
  const table = async (y: readonly string[]) =>
    (await drawn(declared({ template: 'table', sources: [{ file: FILE, y }] }), { a: [text] }))
      .drawing;
  t.match(await table([]), { tables: [{ columns: ['a', 'b', 'c'], rows: [['1', '2', '3']] }] });
  t.match(await table(['c', 'a']), { tables: [{ columns: ['c', 'a'], rows: [['3', '1']] }] });
  const long = `a\n${'1\n'.repeat(700)}`;
  const { drawing } = await drawn(declared({ template: 'table' }), { a: [long] });
  t.match(drawing, { tables: [{ leftOut: 200 }] });
});
