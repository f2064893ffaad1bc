import t from 'tap';
import { randomFrom, seedOf } from '../testing/random.ts';
import { isSecretName, openRedactor, redacted, redactedJson, secretsIn } from './redacted.ts';

t.test('what proves who asks is taken out, the rest stays', (t) => {
  for (const [text, expected] of [
    ['https://robin:nest@example.org/x', 'https://robin:[redacted]@example.org/x'],
    ['sent authorization: Bearer abc.def-ghi', 'sent authorization: Bearer [redacted]'],
    ['ya29.a0AfH6SMBx_y-z was refused', '[redacted] was refused'],
    [
      'PUT /o?uploadType=resumable&upload_id=AbC123&x=1',
      'PUT /o?uploadType=resumable&upload_id=[redacted]&x=1',
    ],
    ['?X-Goog-Signature=0abc&X-Goog-Date=1', '?X-Goog-Signature=[redacted]&X-Goog-Date=1'],
    ['{"private_key": "-----BEGIN\\n\\"x"}', '{"private_key": "[redacted]"}'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n', '[redacted]\n'],
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

t.test('tokens that say what they are need no name', (t) => {
  for (const token of [
    'AKIAIOSFODNN7EXAMPLE',
    `ghp_${'a1'.repeat(18)}`,
    `hf_${'Ab'.repeat(17)}`,
    `glpat-${'x'.repeat(20)}`,
    `sk-proj-${'1b'.repeat(20)}`,
    `AIza${'x'.repeat(35)}`,
  ]) {
    t.equal(redacted(`with ${token}, then`), 'with [redacted], then');
  }
  t.equal(redacted('task-based, risk-averse, hf_hub'), 'task-based, risk-averse, hf_hub');
  t.end();
});

t.test('variables are secret by their names', (t) => {
  const secret =
    'HF_TOKEN hf-token GITHUB_TOKEN WANDB_API_KEY AWS_SECRET_ACCESS_KEY DB_PASSWORD PGPASSWORD CREDENTIALS KEY';
  for (const name of secret.split(' ')) t.ok(isSecretName(name), name);
  const open =
    'PATH TOKENIZERS_PARALLELISM KEYBOARD CUDA_VISIBLE_DEVICES AWS_ACCESS_KEY_ID SSH_KEY_FILE GOOGLE_APPLICATION_CREDENTIALS';
  for (const name of open.split(' ')) t.notOk(isSecretName(name), name);
  t.same(
    secretsIn({ A_TOKEN: '12345678', B_TOKEN: '1234567', C_KEY: '123456789', D: 'abcdefgh' }),
    ['123456789', '12345678'],
  );
  t.same(redactedJson({ a: ['x 12345678', { b: null, c: 3 }] }, ['12345678']), {
    a: ['x [redacted]', { b: null, c: 3 }],
  });
  t.end();
});

t.test('wherever a text is cut, no secret comes out', (t) => {
  const seed = seedOf(process.env);
  t.comment(`seed ${seed}`);
  const random = randomFrom(seed);
  const values = ['correct horse battery staple', 'sesame-open-sesame'];
  const secrets = [
    ...values,
    'Bearer abc.def-ghi-jkl',
    'ya29.a0AfH6SMBx_y-z',
    '"private_key": "one two three"',
    '-----BEGIN PRIVATE KEY-----\nMIIEvQ\nIBADAN\n-----END PRIVATE KEY-----',
    'token=abc123def456',
  ];
  const telling = /horse|sesame|def-ghi|AfH6|two three|MIIE|IBADAN|123def/;
  const plain = [
    'epoch 1 of 10\n',
    'loss=0.12 ',
    '....',
    '\r45%',
    "it's ",
    '"a": "b", ',
    '\n\n',
    'sesam ',
  ];
  for (let round = 0; round < 500; round++) {
    let text = '';
    for (let part = 0; part < 8; part++) {
      text += random.chance(0.4) ? `${random.pick(secrets)} ` : random.pick(plain);
    }
    const redactor = openRedactor(values);
    let out = '';
    for (let at = 0; at < text.length;) {
      const end = Math.min(text.length, at + 1 + random.below(12));
      out += redactor.read(text.slice(at, end));
      at = end;
    }
    out += redactor.end();
    if (telling.test(out)) t.fail(`${JSON.stringify(text)} came out as ${JSON.stringify(out)}`);
    if (out !== redacted(text, values)) t.equal(out, redacted(text, values), 'as if in one piece');
  }
  t.equal(openRedactor([]).read('....'), '....', 'dots are not waited for');
  t.equal(openRedactor([]).read('a line\n'), 'a line\n');
  t.end();
});

t.test('output without an end is neither kept for ever nor slow', (t) => {
  const redactor = openRedactor(['12345678'.repeat(300)]);
  let told = 0;
  for (let piece = 0; piece < 200; piece++) told += redactor.read('x1'.repeat(8192)).length;
  told += redactor.end().length;
  t.equal(told, 200 * 16_384);
  t.end();
});
