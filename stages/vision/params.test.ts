import t from 'tap';
import { createParams } from './params.ts';
import { StageError } from './stage-error.ts';

const params = createParams({
  seed: 47,
  data: { source: 'plates', size: 64.5, looney: true, path: '???', split: { train: 0.7 } },
});

t.test('values come with their types', async (t) => {
  t.equal(params.integer('seed', { min: 0 }), 47);
  t.equal(params.text('data.source'), 'plates');
  t.equal(params.choice('data.source', ['folder', 'plates']), 'plates');
  t.equal(params.boolean('data.looney'), true);
  t.equal(params.group('data').group('split').number('train', { min: 0, max: 1 }), 0.7);
  t.equal(params.has('data.split'), true);
  t.equal(params.has('data.nothing'), false);
  t.equal(params.value('data.size'), 64.5);
});

const REFUSED: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['a missing key', () => params.text('data.url'), /data\.url is missing; it is a text/],
  ['a key that is still to be given', () => params.text('data.path'), /data\.path is missing/],
  ['a fraction for a whole number', () => params.integer('data.size'), /data\.size is 64\.5/],
  ['a number out of range', () => params.integer('seed', { min: 1, max: 9 }), /from 1 to 9/],
  ['a number below its least', () => params.number('seed', { min: 50 }), /of at least 50/],
  ['a number above its most', () => params.number('seed', { max: 5 }), /of at most 5/],
  ['a text for a number', () => params.number('data.source'), /"plates", but has to be a number/],
  ['a number for a text', () => params.text('seed'), /seed is 47/],
  ['a text for a boolean', () => params.boolean('data.source'), /true or false/],
  ['a choice that is none', () => params.choice('data.source', ['a', 'b']), /has to be a or b/],
  ['a leaf for a group', () => params.group('seed'), /a group of parameters/],
  ['a key inherited from objects', () => params.text('data.constructor'), /is missing/],
  ['a key within a leaf', () => params.text('seed.x'), /seed\.x is missing/],
];

for (const [name, read, message] of REFUSED) {
  t.test(`refused: ${name}`, async (t) => {
    t.throws(read, { name: 'StageError', message });
  });
}

t.test('a group still names the whole key', async (t) => {
  t.throws(() => params.group('data').group('split').number('val'), {
    message: /data\.split\.val is missing/,
    hint: /data\.split\.val=…/,
  });
  t.ok(new StageError('a', 'b') instanceof Error);
});
