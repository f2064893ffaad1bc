import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { disc } from '../vision/testing/tiny-data.ts';
import { saveTinyModel } from '../vision/testing/tiny-model.ts';
import { runProgram } from '../vision/testing/run-program.ts';
import { inFlight, slowPost, until } from './testing/slow-post.ts';
import { startService, type RunningService } from './testing/start-service.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-main-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
await saveTinyModel(dir);
const photograph = await disc(1, 2).toBuffer();

/** Not always the last line: where the machine is slow, what a model brings is told after it. */
const lineOf = ({ log }: RunningService, severity: string) =>
  log.find((line) => line['severity'] === severity);

await t.test(
  'SIGTERM: not ready first, then what is under way is answered, then exit 0',
  async (t) => {
    const service = await startService(t, {
      MODEL_DIR: dir,
      DRAIN_DELAY_MS: '3000',
      K_REVISION: 'r7',
    });
    t.match(service.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    await until(async () => (await fetch(`${service.url}/readyz`)).ok);
    const upload = slowPost(service.url, photograph);
    await until(() => inFlight(service.url));

    service.child.kill('SIGTERM');
    await until(async () => (await fetch(`${service.url}/readyz`)).status === 503);
    t.match(await (await fetch(`${service.url}/readyz`)).json(), { status: 'draining' });
    t.ok((await fetch(`${service.url}/healthz`)).ok, 'it lives until it has answered');
    upload.finish();
    const { status, body } = await upload.answer;
    t.equal(status, 200);
    t.match(JSON.parse(body), { revision: 'r7', species: String });
    t.equal(await service.exit, 0);
    t.match(service.log.at(-1), { severity: 'INFO', message: 'every request is answered' });
  },
);

await t.test('a request that never ends does not hold the process for ever', async (t) => {
  const service = await startService(t, {
    MODEL_DIR: dir,
    DRAIN_DELAY_MS: '0',
    DRAIN_TIMEOUT_MS: '300',
  });
  const upload = slowPost(service.url, photograph);
  await until(() => inFlight(service.url));
  service.child.kill('SIGTERM');
  await t.rejects(upload.answer, 'the connection ends without an answer');
  t.equal(await service.exit, 1);
  t.match(lineOf(service, 'ERROR'), { message: /requests still run after 300 ms/ });
});

await t.test('a photograph that comes before the model is loaded waits for it', async (t) => {
  const service = await startService(t, { MODEL_DIR: dir, DRAIN_DELAY_MS: '0' });
  const form = new FormData();
  form.append('bird_image', new Blob([Uint8Array.from(photograph)]), 'a.jpg');
  const response = await fetch(`${service.url}/infer_image`, { method: 'POST', body: form });
  t.equal(response.status, 200);
  service.child.kill('SIGINT');
  t.equal(await service.exit, 0);
});

await t.test('a model that cannot be loaded ends the process with a reason', async (t) => {
  const service = await startService(t, { MODEL_DIR: join(dir, 'absent') });
  t.equal(await service.exit, 1);
  t.match(lineOf(service, 'CRITICAL'), {
    message: /the model cannot be loaded: there is no .*contract\.json/,
    hint: /train/,
  });
});

await t.test('an address that is taken, and a wrong variable', async (t) => {
  const first = await startService(t, { MODEL_DIR: dir, DRAIN_DELAY_MS: '0' });
  const second = await startService(t, { MODEL_DIR: dir, PORT: new URL(first.url).port });
  t.equal(await second.exit, 1);
  t.match(lineOf(second, 'CRITICAL'), { message: /cannot listen: .*EADDRINUSE/ });
  first.child.kill('SIGTERM');
  t.equal(await first.exit, 0);

  const help = await runProgram('serve/main.ts', ['--help']);
  t.equal(help.code, 0);
  t.match(help.stdout, /MODEL_DIR/);
  const wrong = await startService(t, { MODEL_DIR: dir, PORT: 'eighty' });
  t.equal(await wrong.exit, 64);
});
