import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { disc } from '../vision/testing/tiny-data.ts';
import { saveTinyModel } from '../vision/testing/tiny-model.ts';
import { buildService } from './app.ts';
import { readConfig } from './config.ts';
import { openServedModel, type ServedModel } from './model.ts';
import { inFlight, slowPost, until } from './testing/slow-post.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-failures-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
await saveTinyModel(dir);
const photograph = await disc(1, 2).toBuffer();

async function start(
  t: Test,
  env: Record<string, string>,
  change: (model: ServedModel) => ServedModel = (model) => model,
) {
  const read = readConfig({ DRAIN_DELAY_MS: '0', ...env });
  if (read.kind === 'wrong') throw new Error(read.problems.join());
  const log: Record<string, unknown>[] = [];
  const model = change(await openServedModel(dir));
  const service = await buildService(read.config, Promise.resolve(model), {
    logStream: { write: (line) => log.push(JSON.parse(line) as Record<string, unknown>) },
  });
  t.teardown(() => service.drain());
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  await service.ready;
  return { url, log, model };
}

function post(url: string): Promise<Response> {
  const form = new FormData();
  form.append('bird_image', new Blob([Uint8Array.from(photograph)]), 'a.jpg');
  return fetch(`${url}/infer_image`, { method: 'POST', body: form });
}

/** Large photographs until one is refused. */
async function until503(url: string): Promise<unknown> {
  for (;;) {
    const form = new FormData();
    form.append('bird_image', new Blob([Buffer.alloc(2 ** 20)]), 'a.jpg');
    const response = await fetch(`${url}/infer_image`, { method: 'POST', body: form });
    const body: unknown = await response.json();
    if (response.status === 503) return body;
  }
}

await t.test('more than MAX_WAITING at once: 503 that says when to come back', async (t) => {
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  let isHolding = false;
  const { url } = await start(t, { MAX_WAITING: '1' }, (model) => {
    const { predictor } = model;
    const look: typeof predictor.look = async (photographs) => {
      if (isHolding) await held; // not yet while it warms up
      return predictor.look(photographs);
    };
    return { ...model, predictor: { ...predictor, look } };
  });
  isHolding = true;
  const upload = slowPost(url, photograph);
  await until(() => inFlight(url));
  const first = post(url);
  await until(async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    return /batch_size_count 1/.test(metrics);
  });
  const second = await post(url);
  t.equal(second.status, 503);
  t.equal(second.headers.get('retry-after'), '1');
  t.match(await second.json(), { error: { code: 'too-busy', hint: 'try again in a second' } });
  goOn();
  t.equal((await first).status, 200, 'who only sends slowly takes nobody else the place');
  upload.finish();
  t.equal((await upload.answer).status, 200);
});

await t.test('photographs that are being sent have a limit in memory together', async (t) => {
  const { url } = await start(t, {
    MAX_UPLOAD_BYTES: String(2 ** 20),
    MAX_BUFFERED_BYTES: String(2 * 2 ** 20),
  });
  const uploads = [0, 1].map(() => slowPost(url, Buffer.alloc(2 ** 20 - 100), 2 ** 20 - 200));
  await until(() => inFlight(url, 2));
  const refused = await until503(url);
  t.match(refused, { error: { code: 'too-busy', message: /are being taken in already/ } });
  for (const { abandon, answer } of uploads) {
    abandon();
    await answer.catch(() => undefined); // either may have been refused itself
  }
  await until(async () => !(await inFlight(url)));
  t.equal((await post(url)).status, 200);
});

await t.test(
  'a client that leaves in the middle of its photograph leaves nothing behind',
  async (t) => {
    const { url, log } = await start(t, {});
    const upload = slowPost(url, photograph);
    await until(() => inFlight(url));
    upload.abandon();
    await t.rejects(upload.answer);
    await until(async () => !(await inFlight(url)));
    t.equal((await post(url)).status, 200);
    t.notOk(log.some((line) => line['severity'] === 'ERROR'));
  },
);

await t.test('a failure of ours is a 500 without details, and a log line with them', async (t) => {
  const { url, log, model } = await start(t, {});
  await model.predictor.end();
  const response = await post(url);
  t.equal(response.status, 500);
  const { error } = (await response.json()) as { error: { code: string; hint: string } };
  t.equal(error.code, 'internal-error');
  const bug = log.find((line) => 'stack_trace' in line);
  t.match(bug, { severity: 'ERROR', stack_trace: /thread inference-worker ended/ });
  t.match(error.hint, String(bug?.['requestId']));
  t.notMatch(JSON.stringify(error), /inference-worker/);
});

await t.test(
  'while the model is being loaded: not ready, but pages and health answer',
  async (t) => {
    const read = readConfig({ DRAIN_DELAY_MS: '0' });
    if (read.kind === 'wrong') throw new Error(read.problems.join());
    const model = await openServedModel(dir);
    let loaded = (): void => undefined;
    const loading = new Promise<typeof model>((resolve) => {
      loaded = () => {
        resolve(model);
      };
    });
    const service = await buildService(read.config, loading, {
      logStream: { write: () => undefined },
    });
    const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
    t.equal((await fetch(`${url}/readyz`)).status, 503);
    t.match(await (await fetch(`${url}/readyz`)).json(), { status: 'starting' });
    t.ok((await fetch(`${url}/healthz`)).ok);
    t.match(await (await fetch(url)).text(), /\(being loaded\)/);
    const waiting = post(url);
    loaded();
    t.equal((await waiting).status, 200);
    t.ok((await fetch(`${url}/readyz`)).ok);
    await service.drain();
  },
);
