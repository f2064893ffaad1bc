import t from 'tap';
import { hashBytes, hashText, startHash } from './blake3.ts';

// From BLAKE3's published test vectors: input byte i is i % 251.
const vector = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251);

await t.test('agrees with the published vectors', (t) => {
  t.equal(hashText(''), 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262');
  t.equal(
    hashBytes(vector(1024)).toString('hex'),
    '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7',
  );
  t.equal(
    hashBytes(vector(102400)).toString('hex'),
    'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085',
  );
  t.end();
});

await t.test('text is hashed as UTF-8, and pieces give what the whole gives', (t) => {
  const text = 'Blaumeise 🐦 é';
  const bytes = Buffer.from(text);
  t.equal(hashText(text), hashBytes(bytes).toString('hex'));
  const hasher = startHash();
  hasher.update(bytes.subarray(0, 7));
  hasher.update(bytes.subarray(7));
  t.equal(hasher.digestBuffer().toString('hex'), hashText(text));
  t.end();
});
