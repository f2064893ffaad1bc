import t from 'tap';
import { isDataFile, numberOf, readTable } from './table.ts';

const read = async (name: string, text: string, header = true) => {
  const table = await readTable(name, text, header);
  return table.ok ? table.value : table.error;
};

t.test('CSV and TSV: quotes, a byte order mark, ragged and empty rows', async (t) => {
  t.same(await read('a.csv', '\uFEFFname,n\n"a, ""b""\nc",1\n\nd\ne,2,3\n'), {
    columns: ['name', 'n'],
    rows: [
      ['a, "b"\nc', '1'],
      ['d', null],
      ['e', '2'],
    ],
  });
  t.same(await read('a.TSV', 'a\tb\n1\t2\n'), { columns: ['a', 'b'], rows: [['1', '2']] });
  t.same(await read('a.csv', '1,2\n3,4\n', false), {
    columns: ['0', '1'],
    rows: [
      ['1', '2'],
      ['3', '4'],
    ],
  });
});

t.test('JSON: a list, a list somewhere inside, one object, numbers alone', async (t) => {
  const rows = {
    columns: ['a', 'b.c'],
    rows: [
      [1, null],
      [null, 'x'],
    ],
  };
  const list = [{ a: 1 }, { b: { c: 'x' } }];
  t.same(await read('a.json', JSON.stringify(list)), rows);
  t.same(await read('a.json', JSON.stringify({ note: 'n', inner: { rows: list } })), rows);
  t.same(await read('a.jsonl', list.map((row) => `${JSON.stringify(row)}\n`).join('\n')), rows);
  t.same(await read('a.yaml', '- {a: 1}\n- b: {c: x}\n'), rows);
  t.same(await read('a.json', '{"a":1,"b":[1,2]}'), { columns: ['a', 'b'], rows: [[1, '[1,2]']] });
  t.same(await read('a.json', '[3,4]'), { columns: ['value'], rows: [[3], [4]] });
});

t.test('what holds no rows says why, and never throws', async (t) => {
  for (const [name, text, why] of [
    ['a.json', '{', /^cannot be read: /],
    ['a.jsonl', '{"a":1}\nnope\n', /^cannot be read: /],
    ['a.yaml', 'a: [', /^cannot be read: /],
    ['bomb.yaml', `a: &a [1,1]\n${Array.from({ length: 300 }, () => '- *a').join('\n')}`, /./],
    ['a.json', '[]', /^holds no rows$/],
    ['a.csv', '', /^holds no rows$/],
    ['a.bin', 'x', /^is no CSV/],
    ['constructor', 'x', /^is no CSV/],
  ] as const) {
    t.match(await read(name, text), why, `${name}: ${text.slice(0, 9)}`);
  }
});

t.test('numbers are numbers however they are written, and nothing else is', async (t) => {
  t.same([1.5, '1.5', ' 2 ', '-1e3'].map(numberOf), [1.5, 1.5, 2, -1000]);
  for (const cell of ['', ' ', 'a', 'NaN', 'Infinity', null, true, undefined]) {
    t.equal(numberOf(cell), undefined, String(cell));
  }
});

t.test('names tell data files', async (t) => {
  t.same(['a.csv', 'A.JSON', 'b.yml', 'c.ndjson', 'd.png', 'csv', 'e.toString'].map(isDataFile), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
