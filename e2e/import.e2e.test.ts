import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { createRig } from './rig.ts';

const PIPELINE =
  'stages:\n  count:\n    cmd: wc -c < birds.csv > out\n    deps: [birds.csv]\n    outs: [out]\n';

t.test('import, change there, update, and a clone without the cache', async (t) => {
  let text = 'robin';
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    const etag = `"${text.length}"`;
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/birds.csv`;

  const rig = createRig(t, { 'pipeline.yaml': PIPELINE });
  const imported = await rig.avian(['import-url', url]);
  t.equal(imported.code, 0, imported.stderr);
  t.match(imported.stdout, /imported\s+birds\.csv/);
  t.match(JSON.parse(rig.read('pipeline.lock')), {
    sources: { 'birds.csv': { size: 5, from: { url, etag: '"5"', size: 5 } } },
  });
  t.equal((await rig.avian('repro')).code, 0);
  t.equal(rig.read('out').trim(), '5');

  asked = 0;
  t.match((await rig.avian('status')).stdout, /up to date/);
  t.equal(asked, 0, 'status asks nobody');
  t.match((await rig.avian('update')).stdout, /unchanged\s+birds\.csv/);
  text = 'robin and finch';
  t.match((await rig.avian('update birds.csv')).stdout, /updated\s+birds\.csv/);
  t.equal(rig.read('birds.csv'), text);
  t.match((await rig.avian('status')).stdout, /stale/);

  rmSync(join(rig.root, 'cache'), { recursive: true });
  rmSync(join(rig.root, 'birds.csv'));
  const nothing = await rig.avian('checkout birds.csv');
  t.equal(nothing.code, 1);
  t.match(nothing.stderr, /hint: `avian update birds\.csv` fetches what was imported/);
  const again = await rig.avian('update');
  t.equal(again.code, 0, again.stderr);
  t.equal(rig.read('birds.csv'), text);

  const gone = await rig.avian(['import-url', `${url}?missing`, '../x']);
  t.equal(gone.code, 64);
  t.match((await rig.avian('import-url gs://bucket/x')).stderr, /can be: https:, http:, file:/);
});
