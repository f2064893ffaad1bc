import t from 'tap';
import type { Digest } from '../model/names.ts';
import { patternOf } from '../testing/contracts/bucket.contract.ts';
import { unwrap } from '../testing/fake-context.ts';
import { createLab, OPTIONS } from '../testing/remote-lab.ts';
import { copiesIn } from './copies.ts';
import { encodeGcList } from './gc-list.ts';
import { ALONE_FROM } from './layout.ts';

t.test('only what is there whole, and that no gc has condemned, is a copy', async (t) => {
  const { keep, push, bucket, names, client, disk } = await createLab(t);
  await push('aaaa1111', keep({ a: 'robin', large: patternOf(ALONE_FROM) }));
  const all = [...disk.objects.stored.keys()];
  const absent = `b3:${'0'.repeat(64)}` as Digest;
  const copies = async (): Promise<number> =>
    unwrap(await copiesIn([...all, absent], client.remote, client.ports, OPTIONS)).size;
  t.equal(await copies(), all.length);

  const [blob = ''] = names('blobs/');
  const bytes = bucket.objects.get(blob) ?? Buffer.alloc(0);
  bucket.objects.set(blob, bytes.subarray(1));
  t.equal(await copies(), all.length - 1, 'not in its full size');
  bucket.objects.delete(blob);
  t.equal(await copies(), all.length - 1, 'not there, though the index names it');
  bucket.objects.set(blob, bytes);
  const list = { at: '2026-11-01T00:00:00.000Z', by: 'robin', final: false, condemned: [blob] };
  bucket.objects.set('gc/1.json', Buffer.from(encodeGcList(list)));
  t.equal(await copies(), all.length - 1, 'condemned');
});
