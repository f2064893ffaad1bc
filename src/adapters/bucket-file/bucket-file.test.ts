import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bucketContract, contentOf, plainCall } from '../../testing/contracts/bucket.contract.ts';
import { openFileBucket } from './bucket-file.ts';

bucketContract(t, (t) => Promise.resolve(openFileBucket(join(t.testdir({}), 'remote'))));

t.test('a file where a directory has to be is told', async (t) => {
  const bucket = openFileBucket(t.testdir({ packs: 'a file' }));
  const made = await bucket.create('packs/a', contentOf(Buffer.from('x')), plainCall());
  t.match(made, { ok: false, error: { kind: 'refused' } });
});

t.test('a push that failed half-way leaves nothing', async (t) => {
  const root = t.testdir({});
  const content = {
    size: 10,
    async *read() {
      yield Buffer.from('half');
    },
  };
  const made = await openFileBucket(root).create('packs/a', content, plainCall());
  t.match(made, { ok: false, error: { kind: 'corrupt' } });
  t.same(readdirSync(join(root, '.partial')), []);
});

t.test('what a killed push left is not listed', async (t) => {
  const root = t.testdir({ '.partial': { abc: 'half' } });
  mkdirSync(join(root, 'packs'));
  t.same(await openFileBucket(root).list('', plainCall()), { ok: true, value: [] });
});
