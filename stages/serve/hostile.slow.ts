/**
 * Ten thousand damaged photographs and what else nobody should send, to a service in a process of its own:
 *
 *   npm run test:service         IMAGES=10000 FORMS=2000 SEED=… change the amounts, and repeat a run
 *
 * Only 200 and 4xx come back, the process stays the same, and its memory stays bounded.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createRandom } from '../vision/random.ts';
import { saveTinyModel, tinyInput } from '../vision/testing/tiny-model.ts';
import { asShipped } from './testing/as-shipped.ts';
import { greedyJpeg, greedyPng, scanBomb, textBomb, zeroPng } from './testing/bombs.ts';
import { complaint, damaged, formWith, goodPhotographs, send, sendRaw } from './testing/hostile.ts';
import { startService } from './testing/start-service.ts';

const IMAGES = Number(process.env['IMAGES'] ?? 10_000);
const FORMS = Number(process.env['FORMS'] ?? 2_000);
const AT_ONCE = 8;
const MIB = 2 ** 20;
const MAX_PIXELS = 40_000_000;
/** Room above what it takes warm, for large photographs of the common kinds: half a gibibyte in all. */
const MOST_GROWTH = 350 * MIB;
/** The same for the greediest that are allowed: 305 MiB hold one of them, the rest is eight clients, and what malloc keeps. */
const MOST_GROWTH_GREEDY = 512 * MIB;

const seed = process.env['SEED'] ?? String(Date.now() % 1_000_000);
t.comment(`seed ${seed}`);
const dir = mkdtempSync(join(tmpdir(), 'aviansight-hostile-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
await saveTinyModel(dir);
const { nodeOptions, env } = asShipped();
const service = await startService(
  t,
  {
    ...env,
    ...{ PORT: '0', MODEL_DIR: dir, MAX_PIXELS: String(MAX_PIXELS) },
    ...{ DRAIN_DELAY_MS: '0', REQUEST_TIMEOUT_MS: '5000', LOG_LEVEL: 'info' },
  },
  { nodeOptions },
);
const { url } = service;
const photographs = await goodPhotographs(tinyInput.width, createRandom(seed));
const [photograph = Buffer.alloc(0)] = photographs;

const memory = (field: 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${service.child.pid ?? -1}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
};
const inMiB = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;

/** Calls `ask` for 0 … count - 1, several at once; gives how often each status came. */
async function many(
  count: number,
  ask: (index: number) => ReturnType<typeof send>,
): Promise<{ statuses: Map<number, number>; complaints: string[] }> {
  const statuses = new Map<number, number>();
  const complaints: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const answer = await ask(index);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const problem = complaint(answer);
      if (problem !== undefined) complaints.push(`${index}: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { statuses, complaints };
}

const told = (statuses: Map<number, number>): string =>
  [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');

for (let round = 0; round < 5; round++) {
  for (const each of photographs) await send(url, formWith(each));
}
const warm = memory('VmRSS');
t.comment(`warm: ${inMiB(warm)}`);

await t.test(`${IMAGES} damaged photographs`, async (t) => {
  const { statuses, complaints } = await many(IMAGES, (index) => {
    const chance = createRandom(seed).fork(index);
    return send(url, formWith(damaged(chance.pick(photographs), photographs, chance)));
  });
  t.comment(`${told(statuses)}; ${inMiB(memory('VmRSS'))}, at most ${inMiB(memory('VmHWM'))}`);
  t.same(complaints, []);
  t.ok((statuses.get(422) ?? 0) > IMAGES / 10, 'many were damaged in earnest');
  t.ok(memory('VmHWM') - warm < MOST_GROWTH);
});

await t.test(`${FORMS} damaged forms`, async (t) => {
  const form = formWith(photograph);
  const { statuses, complaints } = await many(FORMS, (index) => {
    const chance = createRandom(seed).fork(`form ${index}`);
    return send(url, damaged(form, [form, photograph], chance));
  });
  t.comment(told(statuses));
  t.same(complaints, []);
  t.ok((statuses.get(400) ?? 0) > FORMS / 10);
});

await t.test('files of other kinds', async (t) => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>';
  const others = [
    svg,
    '%PDF-1.7',
    'PK\x03\x04',
    'GIF89a',
    'II*\0',
    '\0\0\0\x18ftypheic',
    '\x1f\x8b',
    '',
  ];
  for (const text of others) {
    const answer = await send(url, formWith(Buffer.from(text, 'latin1')));
    t.equal(complaint(answer), undefined);
    t.equal(answer.status, text === '' ? 400 : 415, text.slice(0, 8));
  }
  for (const type of ['application/json', 'image/jpeg', 'multipart/mixed; boundary=x', '']) {
    const answer = await send(url, formWith(photograph), { headers: { 'content-type': type } });
    t.equal(complaint(answer), undefined);
    t.equal(answer.status, 415, type);
  }
});

/** Sends each of them from eight clients at a time. */
async function severalAtOnce(
  t: Test,
  uploads: readonly (readonly [name: string, bytes: Buffer])[],
): Promise<void> {
  for (const [name, bytes] of uploads) {
    const started = performance.now();
    const { statuses, complaints } = await many(AT_ONCE, () => send(url, formWith(bytes)));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    t.comment(
      `${name} (${bytes.length} bytes): ${told(statuses)} in ${seconds} s; at most ${inMiB(memory('VmHWM'))}`,
    );
    t.same(complaints, []);
  }
}

await t.test('bombs, several at once', async (t) => {
  const bombs: readonly [name: string, bytes: Buffer][] = [
    ['a gigapixel in the header', zeroPng(32_767, 32_767, { rows: 10 })],
    ['more than a side can have', zeroPng(0x7fff_ffff, 0x7fff_ffff, { rows: 0 })],
    ['39 megapixels, which are allowed', zeroPng(6200, 6200)],
    ['a million wide and thirty high', await greedyPng(1_000_000, 30)],
    ['200 MiB of text', zeroPng(32, 32, { extra: [textBomb(200 * MIB)] })],
    ['2000 scans', await scanBomb(2000, 2000, 2000)],
  ];
  await severalAtOnce(t, bombs);
  t.ok(memory('VmHWM') - warm < MOST_GROWTH);
});

await t.test('uploads that are larger than they may be, declared and not', async (t) => {
  const large = formWith(Buffer.alloc(40 * MIB, 0xff));
  for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
    const { statuses, complaints } = await many(AT_ONCE * 2, () => send(url, large, { headers }));
    t.comment(told(statuses));
    t.same(complaints, []);
    t.same([...statuses.keys()], [413]);
  }
  t.ok(memory('VmHWM') - warm < MOST_GROWTH);
});

await t.test('the greediest photographs that are allowed, several at once', async (t) => {
  await severalAtOnce(t, [
    ['39 megapixels, interlaced, of 16 bits and with alpha', await greedyPng(6200, 6200, true)],
    ['the same from top to bottom, as wide as may be', await greedyPng(32_000, 1225)],
    ['a progressive JPEG of four channels', await greedyJpeg(6200, 6200)],
  ]);
  t.ok(memory('VmHWM') - warm < MOST_GROWTH_GREEDY);
});

await t.test('slow clients by the hundred keep nobody from being answered', async (t) => {
  const head = 'POST /infer_image HTTP/1.1\r\nhost: x\r\n';
  const body = `${head}content-type: multipart/form-data; boundary=x\r\ncontent-length: 99999\r\n\r\n`;
  const slow = [
    ...Array.from({ length: 300 }, () => sendRaw(url, head, () => 'a: b\r\n')),
    ...Array.from({ length: 300 }, () => sendRaw(url, body, () => 'x')),
  ];
  for (let index = 0; index < 20; index++) {
    t.equal((await send(url, formWith(photograph))).status, 200);
  }
  const answers = await Promise.all(slow);
  t.equal(answers.filter((answer) => answer.startsWith('HTTP/1.1 408 ')).length, 600);
});

await t.test(
  'more connections than there may be are closed, and the next one is served',
  async (t) => {
    const idle = Array.from({ length: 1200 }, () => sendRaw(url, 'GET /healthz HTTP/1.1\r\n'));
    await Promise.all(idle);
    t.equal((await send(url, formWith(photograph))).status, 200);
  },
);

await t.test(
  'afterwards it is the same process, about as large, and has seen no failure of its own',
  async (t) => {
    for (let round = 0; round < 3; round++) {
      for (const each of photographs) t.equal((await send(url, formWith(each))).status, 200);
    }
    t.comment(
      `warm ${inMiB(warm)}, now ${inMiB(memory('VmRSS'))}, at most ${inMiB(memory('VmHWM'))}`,
    );
    const failures = service.log.filter(({ severity }) =>
      ['ERROR', 'CRITICAL'].includes(String(severity)),
    );
    t.same(failures, []);
    service.child.kill('SIGTERM');
    t.equal(await service.exit, 0);
  },
);
