/** SIGTERM while clients ask without a pause, each on a connection that it keeps. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { disc } from '../vision/testing/tiny-data.ts';
import { saveTinyModel } from '../vision/testing/tiny-model.ts';
import { formWith } from './testing/hostile.ts';
import { startService } from './testing/start-service.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-drain-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
await saveTinyModel(dir);
const form = formWith(await disc(1, 2).toBuffer());

interface Ended {
  readonly status: number;
  /** The service said that this connection is about to end, as it does to everybody before it ends. */
  readonly isLast: boolean;
}

function ask(url: string, agent: Agent): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const asking = request(`${url}/infer_image`, { method: 'POST', agent, headers });
    asking.on('error', reject);
    asking.on('response', (response) => {
      response.resume().on('close', () => {
        const isLast = response.headers.connection === 'close';
        resolve({ status: response.statusCode ?? 0, isLast });
      });
    });
    asking.end(form);
  });
}

await t.test('no request that was accepted is lost, and the process ends by itself', async (t) => {
  const service = await startService(t, {
    ...{ MODEL_DIR: dir, DRAIN_DELAY_MS: '3000', DRAIN_TIMEOUT_MS: '60000' },
  });
  let answered = 0;
  let afterTheSignal = 0;
  let signalled = false;
  const client = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let isLast = false; !isLast;) {
      const ended = await ask(service.url, agent);
      if (ended.status !== 200) throw new Error(`status ${ended.status}`);
      answered++;
      if (signalled) afterTheSignal++;
      isLast = ended.isLast;
    }
    agent.destroy();
  };
  const clients = Array.from({ length: 16 }, client);
  while (answered < 100) await new Promise((resolve) => setTimeout(resolve, 5));
  signalled = true;
  service.child.kill('SIGTERM');
  await Promise.all(clients);
  t.ok(afterTheSignal >= 16, `${answered} answers, ${afterTheSignal} of them after the signal`);
  t.equal(await service.exit, 0);
  t.match(service.log.at(-1), { message: 'every request is answered' });
  const logged = service.log.filter(({ httpRequest }) => httpRequest !== undefined);
  t.equal(logged.length, answered, 'what the service answered, the clients have');
});
