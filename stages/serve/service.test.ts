import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import sharp, { type Sharp } from 'sharp';
import t, { type Test } from 'tap';
import { saveTinyModel, tinyLabels } from '../vision/testing/tiny-model.ts';
import { createDriftWatch } from '../drift/service-watch.ts';
import { buildService } from './app.ts';
import { readConfig } from './config.ts';
import { openServedModel } from './model.ts';
import type { Observation } from './observer.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-service-'));
await saveTinyModel(dir);
const log: Record<string, unknown>[] = [];
const seen: Observation[] = [];

const read = readConfig({
  MODEL_DIR: dir,
  REVISION: 'test-1',
  MAX_UPLOAD_BYTES: String(2 ** 20),
  DRAIN_DELAY_MS: '0',
});
if (read.kind === 'wrong') throw new Error(read.problems.join());
const loading = openServedModel(dir);
const service = await buildService(read.config, loading, {
  logStream: { write: (line) => log.push(JSON.parse(line) as Record<string, unknown>) },
  openObserver: () => ({ observe: (observation) => seen.push(observation) }),
});
// As main does; the model has no reference beside it.
createDriftWatch(join(dir, 'drift.json')).addRoute(service.app);
const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
t.teardown(async () => {
  await service.drain();
  rmSync(dir, { recursive: true });
});

function bird(seed: number, size = 96): Sharp {
  const circle = `<circle cx="${20 + seed * 7}" cy="40" r="${12 + seed}" fill="hsl(${seed * 60} 80% 50%)"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="100%" height="100%" fill="#9cf"/>${circle}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha();
}

function formWith(bytes: Uint8Array, field = 'bird_image', name = 'photo.jpg'): FormData {
  const form = new FormData();
  form.append(field, new Blob([Uint8Array.from(bytes)]), name);
  return form;
}

interface Body {
  readonly species: string;
  readonly probability: number;
  readonly top: readonly { readonly species: string; readonly probability: number }[];
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

interface Reply {
  readonly status: number;
  readonly body: Body;
}

async function replyTo(request: Promise<Response>): Promise<Reply> {
  const response = await request;
  return { status: response.status, body: (await response.json()) as Body };
}

function post(body: FormData | string | null, headers: Record<string, string> = {}) {
  return replyTo(fetch(`${url}/infer_image`, { method: 'POST', body, headers }));
}

function refused(t: Test, { status, body }: Reply, expected: number, code: string): void {
  t.equal(status, expected);
  t.equal(body.error.code, code);
  t.match(body.error.message, /\w/);
  t.match(body.error.hint, /\w/);
}

await t.test('a JPEG, a PNG and a WebP of one picture get the same species', async (t) => {
  const jpeg = await bird(1).jpeg({ quality: 95 }).toBuffer();
  const answers = [
    await post(formWith(jpeg)),
    await post(formWith(await bird(1).png().toBuffer(), 'bird_image', 'x.png')),
    await post(formWith(await bird(1).webp({ lossless: true }).toBuffer(), 'bird_image', 'x')),
  ];
  for (const { status, body } of answers) {
    t.equal(status, 200);
    t.ok(tinyLabels.includes(body.species));
    t.equal(body.species, answers[0]?.body.species);
    t.equal(body.top.length, tinyLabels.length);
    t.same(body.top[0], { species: body.species, probability: body.probability });
    t.match(body, {
      revision: 'test-1',
      model: /^tiny-float32@[0-9a-f]{12}$/,
      prediction: /^The bird in the image is an? .+\.$/,
      message: /%/,
    });
  }
});

await t.test('who looks on sees every answered photograph, and nothing else', async (t) => {
  seen.length = 0;
  const { body } = await post(formWith(await bird(3).png().toBuffer()));
  await post(formWith(Buffer.from('no bird')));
  t.equal(seen.length, 1);
  t.match(seen[0], { species: body.species, confidence: body.probability });
  const [red = NaN, , blue = NaN] = seen[0]?.colours.mean ?? [];
  t.ok(red > 0.3 && red < blue && blue <= 1, 'mostly sky');
});

await t.test('what a client does wrong is refused with code, message and hint', async (t) => {
  const jpeg = await bird(2, 300).jpeg().toBuffer();
  refused(t, await post(formWith(Buffer.from('a bird, in words'))), 415, 'unsupported-format');
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  refused(t, await post(formWith(svg)), 415, 'unsupported-format');
  refused(t, await post('{}', { 'content-type': 'application/json' }), 415, 'not-a-form');
  const half = jpeg.subarray(0, Math.floor(jpeg.length / 2));
  refused(t, await post(formWith(half)), 422, 'broken-photograph');
  refused(t, await post(formWith(jpeg.subarray(0, 20))), 422, 'broken-photograph');
  refused(t, await post(new FormData()), 400, 'no-photograph');
  refused(t, await post(null), 400, 'no-photograph');
  refused(t, await post(formWith(new Uint8Array())), 400, 'no-photograph');
  const misnamed = await post(formWith(jpeg, 'image'));
  refused(t, misnamed, 400, 'no-photograph');
  t.match(misnamed.body.error.message, /no file bird_image, only image/);
  const cut = 'multipart/form-data; boundary=x';
  const open = '--x\r\nContent-Disposition: form-data; name="bird_image"; filename="a"\r\n\r\nabc';
  refused(t, await post(open, { 'content-type': cut }), 400, 'bad-request');
  refused(t, await post('x', { 'content-type': 'multipart/form-data' }), 400, 'bad-request');
});

await t.test(
  'too many bytes: refused by the declared length, and while they stream in',
  async (t) => {
    const declared = await post(formWith(Buffer.alloc(2 * 2 ** 20, 0xff)));
    refused(t, declared, 413, 'photograph-too-large');
    t.match(declared.body.error.message, /larger than 1 MiB/);

    const form = new Response(formWith(Buffer.alloc(2 * 2 ** 20, 0xff)));
    const streaming = fetch(`${url}/infer_image`, {
      method: 'POST',
      body: form.body,
      headers: { 'content-type': form.headers.get('content-type') ?? '' },
      duplex: 'half',
    });
    refused(t, await replyTo(streaming), 413, 'photograph-too-large');
  },
);

await t.test('50 megapixels in few bytes are refused before they are decoded', async (t) => {
  const flat = { width: 7072, height: 7072, channels: 3 as const, background: '#789' };
  for (const format of ['png', 'jpeg'] as const) {
    const bomb = await sharp({ create: flat }).toFormat(format).toBuffer();
    t.ok(bomb.length < 2 ** 20, `${bomb.length} bytes`);
    const started = performance.now();
    refused(t, await post(formWith(bomb)), 413, 'photograph-too-large');
    t.comment(`${format}: ${Math.round(performance.now() - started)} ms`);
  }
});

await t.test('many at once are all answered, in batches', async (t) => {
  const jpegs = await Promise.all([0, 1, 2, 3].map((seed) => bird(seed).jpeg().toBuffer()));
  const alone = [];
  for (const jpeg of jpegs) alone.push((await post(formWith(jpeg))).body.top);
  const together = await Promise.all(
    Array.from({ length: 40 }, (_, index) => post(formWith(jpegs[index % 4] ?? Buffer.alloc(0)))),
  );
  for (const [index, { status, body }] of together.entries()) {
    t.equal(status, 200);
    for (const [rank, { species, probability }] of (alone[index % 4] ?? []).entries()) {
      t.equal(body.top[rank]?.species, species);
      t.ok(Math.abs((body.top[rank]?.probability ?? NaN) - probability) < 1e-5);
    }
  }
});

await t.test('health, readiness, metrics', async (t) => {
  t.equal(await (await fetch(`${url}/healthz`)).text(), 'ok\n');
  const ready = await fetch(`${url}/readyz`);
  t.equal(ready.status, 200);
  t.match(await ready.json(), { status: 'ready', revision: 'test-1', model: /^tiny/ });
  const text = await (await fetch(`${url}/metrics`)).text();
  t.match(
    text,
    /aviansight_http_requests_total\{method="POST",route="\/infer_image",status="200"\} \d/,
  );
  t.match(text, /status="415"\} 4/);
  t.match(text, /aviansight_batch_size_count \d/);
  t.match(text, /aviansight_predictions_total\{species="[a-z-]+"\} \d/);
  t.match(text, /aviansight_confidence_bucket\{le="0.5"\} \d/);
  t.match(text, /aviansight_http_request_duration_seconds_bucket/);
  t.match(text, /aviansight_ready 1/);
  t.match(text, /aviansight_photographs_in_flight 0/);
  t.match(text, /aviansight_model_info\{model="tiny-float32@.*backend="onnxruntime"\} 1/);
});

await t.test('pages carry everything themselves, and a policy that forbids the rest', async (t) => {
  for (const path of ['/', '/docs']) {
    const response = await fetch(url + path);
    const html = await response.text();
    t.equal(response.status, 200);
    t.match(response.headers.get('content-type'), /text\/html/);
    t.match(response.headers.get('content-security-policy'), /default-src 'none'.*sha256-/);
    t.notMatch(html, /(?:src|href)="(?:https?:)?\/\//, 'nothing is loaded from elsewhere');
    t.notMatch(html, /\{\{/, 'every mark is filled');
  }
  const home = await (await fetch(`${url}/`)).text();
  t.match(home, /knows 3 kinds/, 'the looney birds are no kind');
  t.match(home, /<li>amber finch<\/li>/);
  t.match(await (await fetch(`${url}/docs`)).text(), /curl -F bird_image=@photo.jpg http:\/\/127/);
});

await t.test('the interface is documented, and every reference in it resolves', async (t) => {
  type Tree = Record<string, unknown>;
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Tree;
  t.equal(document['openapi'], '3.1.0');
  const references = JSON.stringify(document).match(/"#\/[^"]+"/g) ?? [];
  t.ok(references.length > 5);
  for (const reference of references) {
    const path = (JSON.parse(reference) as string).slice(2).split('/');
    const found = path.reduce<Tree | undefined>((node, key) => node?.[key] as Tree, document);
    t.ok(found, reference);
  }
  for (const path of Object.keys(document['paths'] as Tree)) {
    const expected = { '/infer_image': 405, '/drift': 404 }[path] ?? 200;
    t.equal((await fetch(url + path)).status, expected, path);
  }
});

await t.test('every example in the document is what its schema says', async (t) => {
  interface Content {
    readonly schema: object;
    readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
  }
  type Operations = Record<
    string,
    { responses: Record<string, { content: Record<string, Content> }> }
  >;
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Operations>;
    components: object;
  };
  const ajv = new Ajv2020({ strict: false });
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [status, { content }] of Object.values(operations).flatMap((operation) =>
      Object.entries(operation.responses),
    )) {
      for (const { schema, examples } of Object.values(content)) {
        const validate = ajv.compile({ ...schema, components: document.components });
        t.ok(Object.keys(examples).length > 0, `${path} ${status} has an example`);
        for (const [name, { value }] of Object.entries(examples)) {
          t.ok(validate(value), `${path} ${status} ${name}: ${ajv.errorsText(validate.errors)}`);
        }
      }
    }
  }
});

await t.test('a log line is shown beside the trace of its request', async (t) => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const response = await fetch(`${url}/docs`, { headers: { traceparent } });
  t.match(log.at(-1), {
    requestId: response.headers.get('x-request-id'),
    'logging.googleapis.com/trace': '4bf92f3577b34da6a3ce929d0e0e4736',
    'logging.googleapis.com/spanId': '00f067aa0ba902b7',
    'logging.googleapis.com/trace_sampled': true,
  });
});

await t.test('unknown paths and methods', async (t) => {
  refused(t, await replyTo(fetch(`${url}/birds`)), 404, 'not-found');
  refused(t, await replyTo(fetch(`${url}/infer_image`)), 405, 'method-not-allowed');
  t.equal((await fetch(`${url}/infer_image`)).headers.get('allow'), 'POST');
});

await t.test('the log is what Cloud Logging reads, without bodies', (t) => {
  const requests = log.filter((line) => 'httpRequest' in line);
  t.ok(requests.length > 50);
  t.match(requests[0], {
    severity: 'INFO',
    message: 'POST /infer_image 200',
    time: /^\d{4}-\d\d-\d\dT.*Z$/,
    httpRequest: { requestMethod: 'POST', requestUrl: '/infer_image', status: 200, latency: /s$/ },
  });
  t.notOk(log.some((line) => JSON.stringify(line).includes('in words')));
  t.notOk(
    log.some((line) => line['severity'] === 'ERROR'),
    'no client can make the service fail',
  );
  t.notOk(
    log.some((line) => JSON.stringify(line).includes('/healthz')),
    'probes are not logged',
  );
  t.end();
});
