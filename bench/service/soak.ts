/**
 * The service at 80 % of what it can, for ten minutes: no error, and memory that does not grow.
 *
 *   node bench/service/soak.ts [--minutes 10] [--share 0.8] [--connections 16] [--model artifacts/quantized/uint8] [--dir /tmp]
 *
 * The peak is measured first. Then every client asks at its share of the pace and never faster, so that the load stays where it
 * is when answers are quick. Memory is read once a second; the last quarter's median may be a tenth above the second quarter's.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Agent, request } from 'node:http';
import { bundleService } from '../../stages/serve/bundle-service.ts';
import { loadContract } from '../../stages/vision/model-folder.ts';
import { judge, median } from '../measure.ts';
import { load, startAvianSight, writeForms } from './rig.ts';
import { flagshipFolder } from './flagship.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    share: { type: 'string', default: '0.8' },
    connections: { type: 'string', default: '16' },
    model: { type: 'string', default: 'artifacts/quantized/uint8' },
    dir: { type: 'string', default: tmpdir() },
  },
});
const connections = Number(values.connections);
const root = mkdtempSync(join(values.dir, 'avian-soak-'));

try {
  await bundleService(join(root, 'service'));
  const model = await flagshipFolder(values.model, root);
  const { input } = await loadContract(model);
  const forms = await writeForms(join(root, 'forms'), input.width);
  const bodies = Array.from({ length: forms.count }, (_, index) =>
    readFileSync(join(forms.folder, String(index))),
  );
  const service = await startAvianSight(join(root, 'service'), model, { LOG_LEVEL: 'info' });
  load(service, forms, 5, connections);
  const peak = load(service, forms, 10, connections);
  const pace = peak.perSecond * Number(values.share);
  console.log(
    `peak ${peak.perSecond.toFixed(0)} requests/s; ${values.minutes} min at ${pace.toFixed(0)}`,
  );

  const until = performance.now() + Number(values.minutes) * 60_000;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  let errors = 0;
  const memory: number[] = [];
  const watch = setInterval(() => memory.push(service.rss()), 1000);
  const client = async (number: number): Promise<void> => {
    const everyMs = (connections / pace) * 1000;
    let next = performance.now() + (number / connections) * everyMs;
    for (let turn = number; performance.now() < until; turn++) {
      const early = next - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      next += everyMs;
      const started = performance.now();
      const body = bodies[turn % bodies.length] ?? Buffer.alloc(0);
      if (!(await isAnswered(service.url, agent, body))) errors++;
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => client(number)));
  clearInterval(watch);
  agent.destroy();
  await service.stop();

  const quarter = Math.floor(memory.length / 4);
  const [early, late] = [memory.slice(quarter, 2 * quarter), memory.slice(-quarter)].map(median);
  const p99 = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? NaN;
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  console.log(
    `${times.length} requests (${(times.length / (Number(values.minutes) * 60)).toFixed(0)}/s), p99 ${p99.toFixed(1)} ms, ` +
      `memory ${mebibytes(early ?? NaN)}, then ${mebibytes(late ?? NaN)}, at most ${mebibytes(Math.max(...memory))}`,
  );
  judge('requests without an answer', errors, 0);
  judge('memory of the last quarter over the second', (late ?? NaN) / (early ?? NaN), 1.1);
} finally {
  rmSync(root, { recursive: true, force: true });
}

function isAnswered(url: string, agent: Agent, body: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'multipart/form-data; boundary=bench' };
    const asking = request(`${url}/infer_image`, { method: 'POST', agent, headers });
    asking.on('error', () => resolve(false));
    asking.on('response', (response) => {
      response.resume().on('close', () => resolve(response.statusCode === 200));
    });
    asking.end(body);
  });
}
