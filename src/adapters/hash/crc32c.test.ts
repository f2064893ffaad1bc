import t from 'tap';
import { crc32c } from './crc32c.ts';

t.test('known answers', async (t) => {
  // RFC 3720, B.4, and the check value of the catalogue of CRCs.
  t.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  t.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  t.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  t.equal(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
  t.equal(crc32c(new Uint8Array(0)), 0);
});

t.test('pieces give what the whole gives', async (t) => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => (index * 31) % 251);
  for (const at of [0, 1, 7, 8, 9, 500, 999, 1000]) {
    t.equal(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at))), crc32c(bytes));
  }
});
