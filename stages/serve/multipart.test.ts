import t from 'tap';
import { boundaryOf, readForm } from './multipart.ts';

const form = (...lines: string[]): Buffer => Buffer.from(lines.join('\r\n'), 'latin1');
const field = (name: string, rest = '') => `Content-Disposition: form-data; name="${name}"${rest}`;

function partsOf(body: Buffer, boundary = 'x') {
  const read = readForm(body, boundary);
  if (read.kind === 'wrong') throw new Error(read.problem);
  return read.parts.map(({ name, fileName, content }) => ({
    ...{ name, fileName, content: content.toString('latin1') },
  }));
}

t.test('files and fields, empty ones too; content may hold what looks like a boundary', (t) => {
  const body = form(
    ...[
      '--x',
      field('a', '; filename="b.jpg"'),
      'Content-Type: image/jpeg',
      '',
      '\xff\xd8\r\n--',
      '',
    ],
    ...['--x', field('note'), '', 'two', 'lines'],
    ...['--x  ', field('none'), '', ''],
    ...['--x--', 'whatever follows'],
  );
  t.same(partsOf(body), [
    { name: 'a', fileName: 'b.jpg', content: '\xff\xd8\r\n--\r\n' },
    { name: 'note', fileName: undefined, content: 'two\r\nlines' },
    { name: 'none', fileName: undefined, content: '' },
  ]);
  t.end();
});

t.test('what FormData writes is read, whatever the names', async (t) => {
  const data = new FormData();
  data.append('q"uote', 'ü');
  data.append('bird_image', new Blob([Uint8Array.of(0, 255, 13, 10)]), 'ö".jpg');
  const request = new Response(data);
  const boundary = boundaryOf(request.headers.get('content-type') ?? '');
  const read = readForm(Buffer.from(await request.arrayBuffer()), boundary ?? '');
  t.match(read, {
    parts: [
      { name: 'q"uote', content: Buffer.from('ü') },
      { name: 'bird_image', fileName: 'ö".jpg', content: Buffer.of(0, 255, 13, 10) },
    ],
  });
});

t.test('an empty form, and text before the first boundary', (t) => {
  t.same(partsOf(form('--x--', '')), []);
  t.same(partsOf(form('a preamble', '--x', field('a'), '', '1', '--x--')), [
    { name: 'a', fileName: undefined, content: '1' },
  ]);
  t.end();
});

t.test('what is wrong with a form is said', (t) => {
  const problem = (body: Buffer): string => {
    const read = readForm(body, 'x');
    return read.kind === 'wrong' ? read.problem : `${read.parts.length} parts`;
  };
  t.match(problem(form('')), /boundary is nowhere/);
  t.match(problem(form('--y', field('a'), '', '1', '--y--')), /boundary is nowhere/);
  t.match(problem(form('--x')), /ends too early/);
  t.match(problem(form('--x', field('a'), '', '1')), /ends too early/);
  t.match(problem(form('--xy', field('a'), '', '1', '--x--')), /followed by something else/);
  t.match(problem(form('--x', field('a'), '1', '--x--')), /no header/);
  t.match(problem(form('--x', 'X: '.padEnd(9000), '', '1', '--x--')), /huge/);
  t.match(problem(form('--x', 'Content-Type: text/plain', '', '1', '--x--')), /no name/);
  t.match(problem(form('--x', '--x', '--x--')), /no header/);
  const many = Array.from({ length: 41 }, () => ['--x', field('a'), '', '']).flat();
  t.match(problem(form(...many, '--x--')), /more than 40 parts/);
  t.end();
});

t.test('the boundary is named as the standard allows', (t) => {
  t.equal(
    boundaryOf('multipart/form-data; boundary=----WebKitFormBoundaryX'),
    '----WebKitFormBoundaryX',
  );
  t.equal(boundaryOf('Multipart/Form-Data; charset=utf-8; Boundary="a b"; x=y'), 'a b');
  t.equal(boundaryOf('multipart/form-data'), undefined);
  t.equal(boundaryOf(`multipart/form-data; boundary=${'x'.repeat(71)}`), undefined);
  t.equal(boundaryOf('application/json; boundary=x'), undefined);
  t.end();
});
