import t from 'tap';
import { contentOf, patternOf, plainCall, readAll } from '../testing/contracts/bucket.contract.ts';
import { FakeBucket } from '../testing/fake-bucket.ts';
import { meteredBucket } from './meter.ts';

t.test('requests are counted by class, whatever they bring, and bytes as they move', async (t) => {
  const fake = new FakeBucket();
  const { bucket, read } = meteredBucket(fake);
  const bytes = patternOf(5000);
  await bucket.create('a', contentOf(bytes), plainCall());
  await bucket.create('a', contentOf(bytes), plainCall());
  t.ok(bytes.equals((await readAll(bucket, 'a')) as Buffer));
  await readAll(bucket, 'none');
  await bucket.remove('none', plainCall());
  t.match(read(), { requests: { a: 2, b: 2, free: 1 }, sent: 5000, received: 5000 });
});

t.test('each page of a listing is a request', async (t) => {
  const fake = new FakeBucket();
  const { bucket, read } = meteredBucket(fake);
  await bucket.list('', plainCall());
  t.equal(read().requests.a, 1, 'an empty one too');
  for (let at = 0; at < 2500; at++) fake.objects.set(`n${at}`, Buffer.alloc(0));
  await bucket.list('', plainCall());
  t.equal(read().requests.a, 4);
});
