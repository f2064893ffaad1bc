import t from 'tap';
import { redacted } from './redacted.ts';

t.test('what proves who asks is taken out, the rest stays', (t) => {
  for (const [text, expected] of [
    ['https://robin:nest@example.org/x', 'https://robin:…@example.org/x'],
    ['sent authorization: Bearer abc.def-ghi', 'sent authorization: Bearer …'],
    ['ya29.a0AfH6SMBx_y-z was refused', 'ya29.… was refused'],
    [
      'PUT /o?uploadType=resumable&upload_id=AbC123&x=1',
      'PUT /o?uploadType=resumable&upload_id=…&x=1',
    ],
    ['?X-Goog-Signature=0abc&X-Goog-Date=1', '?X-Goog-Signature=…&X-Goog-Date=1'],
    ['{"private_key": "-----BEGIN\\n\\"x"}', '{"private_key": "…"}'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n', '(a private key)\n'],
    ['avian push data --remote lab', 'avian push data --remote lab'],
    [
      '403 robin@example.org does not have storage.objects.get access',
      '403 robin@example.org does not have storage.objects.get access',
    ],
    ['packs/0123abcd.pack is not there', 'packs/0123abcd.pack is not there'],
  ] as const) {
    t.equal(redacted(text), expected);
  }
  t.end();
});
