/** A small slice of hostile.slow.ts, which sends ten thousand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createRandom } from '../vision/random.ts';
import { saveTinyModel, tinyInput } from '../vision/testing/tiny-model.ts';
import { buildService } from './app.ts';
import { readConfig } from './config.ts';
import { openServedModel } from './model.ts';
import { scanBomb, textBomb, zeroPng } from './testing/bombs.ts';
import { complaint, damaged, formWith, goodPhotographs, send, sendRaw } from './testing/hostile.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-hostile-'));
await saveTinyModel(dir);
const read = readConfig({
  ...{ DRAIN_DELAY_MS: '0', REQUEST_TIMEOUT_MS: '500', MAX_PIXELS: '4000000' },
  MAX_UPLOAD_BYTES: String(2 ** 20),
});
if (read.kind === 'wrong') throw new Error(read.problems.join());
const log: string[] = [];
const service = await buildService(read.config, openServedModel(dir), {
  logStream: { write: (line) => log.push(line) },
});
const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
await service.ready;
t.teardown(async () => {
  await service.drain();
  rmSync(dir, { recursive: true });
});

const seed = process.env['SEED'] ?? String(Date.now() % 1_000_000);
t.comment(`seed ${seed}`);
const photographs = await goodPhotographs(tinyInput.width, createRandom(seed));

await t.test('every kind of photograph is answered before it is damaged', async (t) => {
  for (const photograph of photographs) {
    const answer = await send(url, formWith(photograph));
    t.equal(answer.status, 200, answer.body);
  }
});

await t.test('damaged photographs are answered or refused, never a failure of ours', async (t) => {
  for (let index = 0; index < 150; index++) {
    const chance = createRandom(seed).fork(index);
    const bytes = damaged(chance.pick(photographs), photographs, chance);
    const problem = complaint(await send(url, formWith(bytes)));
    if (problem !== undefined) t.fail(`seed ${seed}, photograph ${index}: ${problem}`);
  }
  t.pass();
});

await t.test('damaged forms are read or refused', async (t) => {
  const [photograph = Buffer.alloc(0)] = photographs;
  for (let index = 0; index < 100; index++) {
    const chance = createRandom(seed).fork(`form ${index}`);
    const form = formWith(photograph);
    const answer = await send(url, damaged(form, [form, photograph], chance));
    const problem = complaint(answer);
    if (problem !== undefined) t.fail(`seed ${seed}, form ${index}: ${problem}`);
  }
  t.pass();
});

await t.test('small files that become large ones', async (t) => {
  const refused = async (bytes: Buffer, status: number, headers = {}): Promise<void> => {
    const answer = await send(url, formWith(bytes), { headers });
    t.equal(answer.status, status, answer.body);
    t.equal(complaint(answer), undefined);
  };
  await refused(zeroPng(30_000, 30_000, { rows: 10 }), 413);
  await refused(zeroPng(0xffff_fff, 1, { rows: 0 }), 422);
  await refused(Buffer.alloc(2 ** 20 + 1, 0xff), 413);
  await refused(Buffer.from('x'), 415, { 'content-encoding': 'gzip' });
  const text = await send(url, formWith(zeroPng(32, 32, { extra: [textBomb(50 * 2 ** 20)] })));
  t.equal(complaint(text), undefined);
  const scans = await send(url, formWith(await scanBomb(1000, 1000, 300)));
  t.equal(complaint(scans), undefined);
});

await t.test('no HTTP, huge headers, an URL that is none', async (t) => {
  t.match(await sendRaw(url, 'what?\r\n\r\n'), /^HTTP\/1.1 400 .*"code":"bad-request"/s);
  t.match(
    await sendRaw(url, `GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1.1 431 .*"code":"headers-too-large"/s,
  );
  const wrong = await send(url, Buffer.alloc(0), { method: 'GET', path: '/%zz' });
  t.equal(wrong.status, 400);
  t.equal(complaint(wrong), undefined);
});

await t.test(
  'who sends a byte now and then is told to go, and nobody waits for them',
  async (t) => {
    const head = 'POST /infer_image HTTP/1.1\r\nhost: x\r\n';
    const body = `${head}content-type: multipart/form-data; boundary=x\r\ncontent-length: 9999\r\n\r\n`;
    const slow = [
      ...Array.from({ length: 20 }, () => sendRaw(url, head, () => 'a: b\r\n')),
      ...Array.from({ length: 20 }, () => sendRaw(url, body, () => 'x')),
    ];
    const [photograph = Buffer.alloc(0)] = photographs;
    t.equal((await send(url, formWith(photograph))).status, 200);
    for (const answer of await Promise.all(slow)) {
      t.match(answer, /^HTTP\/1.1 408 .*"code":"too-slow"/s);
    }
  },
);

await t.test('nothing of this was a failure of ours', (t) => {
  t.same(
    log.filter((line) => /"severity":"(ERROR|CRITICAL)"/.test(line)),
    [],
  );
  t.end();
});
