import * as fs from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Problem } from '../../model/diagnostic.ts';
import type { Origin } from '../../model/lock.ts';
import type { Result } from '../../model/result.ts';
import type { Download, DownloadOptions } from '../../ports/downloads.ts';
import { hashBytes } from '../hash/blake3.ts';
import { openDownloads } from './open-downloads.ts';

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251));
const DIGEST = `b3:${hashBytes(BYTES).toString('hex')}`;

type Handler = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

/** A server that does as the test says, and what it was asked. */
async function setUp(t: Test, handle: Handler) {
  const requests: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    requests.push(request.headers);
    handle(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const root = t.testdir({ project: {}, outside: { 'data.bin': BYTES, folder: {} } });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const folder = join(root, 'project/cache/v1/tmp/downloads');
  const open = () =>
    openDownloads({
      ...{ root: join(root, 'project'), cwd: join(root, 'project'), folder },
      ...{ idleMs: 150, backoffMs: 1 },
    });
  const retries: string[] = [];
  const options: DownloadOptions = {
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onRetry: (cause) => retries.push(cause),
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/birds.bin`;
  const fetch = (more: Partial<DownloadOptions> = {}) => open().fetch(url, { ...options, ...more });
  const parts = () => (fs.existsSync(folder) ? fs.readdirSync(folder).sort() : []);
  return { root, folder, url, requests, retries, fetch, open, options, parts };
}

type Fetched = Result<Download | 'unchanged', Problem>;

function same(t: Test, fetched: Fetched): Origin | undefined {
  if (!fetched.ok || fetched.value === 'unchanged') {
    t.fail(JSON.stringify(fetched));
    return undefined;
  }
  t.equal(fetched.value.digest, DIGEST);
  t.ok(fs.readFileSync(fetched.value.file).equals(BYTES));
  return fetched.value.from;
}

const refused = (t: Test, fetched: Fetched, code: string): void => {
  t.match(fetched, { ok: false, error: { diagnostics: [{ code }] } });
};

/** Serves BYTES as a good server does: ranges, validators, conditions. */
function good(request: IncomingMessage, response: ServerResponse, etag = '"v1"', bytes = BYTES) {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const validators = { etag, 'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT' };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, validators).end();
  } else if (start > 0 && request.headers['if-range'] === etag) {
    response.writeHead(206, {
      ...validators,
      'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      'content-length': bytes.length - start,
    });
    response.end(bytes.subarray(start));
  } else {
    response.writeHead(200, { ...validators, 'content-length': bytes.length }).end(bytes);
  }
}

const serve: Handler = (request, response) => good(request, response);

/** Begins as a good server and breaks off after so many bytes. */
function breakOff(response: ServerResponse, after: number, etag: string | undefined = '"v1"') {
  const headers = { ...(etag !== '' && { etag }), 'content-length': BYTES.length };
  response.writeHead(200, headers);
  response.write(BYTES.subarray(0, after), () => setTimeout(() => response.destroy(), 20));
}

t.test('a file comes whole, with what the server says of it', async (t) => {
  const { fetch, url, requests, parts } = await setUp(t, serve);
  const from = same(t, await fetch());
  t.same(from, {
    ...{ url, etag: '"v1"', modified: 'Mon, 23 Nov 2026 10:00:00 GMT', size: BYTES.length },
  });
  t.match(requests, [{ 'accept-encoding': 'identity' }]);
  t.equal(parts().length, 1, 'the file alone');
});

t.test('what is known is not fetched again, also from a server without conditions', async (t) => {
  const { fetch, requests, parts } = await setUp(t, (request, response, nth) => {
    if (nth > 2) delete request.headers['if-none-match'];
    good(request, response);
  });
  const known = same(t, await fetch());
  if (known === undefined) return;
  t.same(await fetch({ known }), { ok: true, value: 'unchanged' });
  t.match(requests[1], { 'if-none-match': '"v1"' });
  t.same(await fetch({ known }), { ok: true, value: 'unchanged' });
  t.same(parts(), []);
});

t.test('without an ETag its time and size speak', async (t) => {
  const modified = 'Mon, 23 Nov 2026 10:00:00 GMT';
  const { fetch, requests } = await setUp(t, (request, response) => {
    const asked = request.headers['if-modified-since'];
    if (asked === modified) response.writeHead(304).end();
    else response.writeHead(200, { 'last-modified': modified }).end(BYTES);
  });
  const known = same(t, await fetch());
  if (known === undefined) return;
  t.equal(known.etag, undefined);
  t.same(await fetch({ known }), { ok: true, value: 'unchanged' });
  t.match(requests[1], { 'if-modified-since': modified });
});

t.test('a new version is fetched', async (t) => {
  const { fetch, url } = await setUp(t, (request, response) => {
    good(request, response);
  });
  same(t, await fetch({ known: { url, etag: '"v0"', size: 7 } }));
});

t.test('a connection that is reset goes on where it was', async (t) => {
  const { fetch, requests, retries } = await setUp(t, (request, response, nth) => {
    if (nth === 1) breakOff(response, 100_000);
    else good(request, response);
  });
  same(t, await fetch());
  t.match(requests[1], { range: 'bytes=100000-', 'if-range': '"v1"' });
  t.equal(retries.length, 1);
});

t.test('a connection that stalls is dropped, and goes on', async (t) => {
  const { fetch, requests, retries } = await setUp(t, (request, response, nth) => {
    if (nth > 1) {
      good(request, response);
      return;
    }
    response.writeHead(200, { etag: '"v1"', 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, 50_000));
  });
  same(t, await fetch());
  t.match(retries, [/nothing came for 0\.15 s/]);
  t.match(requests[1], { range: 'bytes=50000-' });
});

t.test('a server without ranges, or without an ETag, is asked for all again', async (t) => {
  const plain = await setUp(t, (_, response, nth) => {
    if (nth === 1) breakOff(response, 100_000, '');
    else response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);
  });
  same(t, await plain.fetch());
  t.equal(plain.requests[1]?.range, undefined);
  const ignoring = await setUp(t, (_, response, nth) => {
    if (nth === 1) breakOff(response, 100_000);
    else response.writeHead(200, { etag: '"v1"', 'content-length': BYTES.length }).end(BYTES);
  });
  same(t, await ignoring.fetch());
});

t.test('another file in the middle of it is refused, in words', async (t) => {
  for (const etag of ['"v1"', '"v2"']) {
    const { fetch, parts } = await setUp(t, (request, response, nth) => {
      if (nth === 1) breakOff(response, 100_000);
      else if (etag === '"v2"') good(request, response, etag);
      else {
        // The same ETag, another size: 206 with a total that is not what was begun.
        response.writeHead(206, { etag, 'content-range': 'bytes 100000-399999/400000' });
        response.end(Buffer.alloc(300_000));
      }
    });
    refused(t, await fetch(), 'import/changed-midway');
    t.same(parts(), [], 'nothing is left to be continued');
  }
});

t.test('a part from the wrong place is refused', async (t) => {
  const { fetch } = await setUp(t, (request, response, nth) => {
    if (nth === 1) breakOff(response, 100_000);
    else {
      const range = `bytes 5-${BYTES.length - 1}/${BYTES.length}`;
      response.writeHead(206, { etag: '"v1"', 'content-range': range }).end(BYTES.subarray(5));
    }
  });
  refused(t, await fetch(), 'import/bad-answer');
});

t.test('a server that always ends short is given up after five attempts', async (t) => {
  const { fetch, requests, retries, parts } = await setUp(t, (_, response) => {
    breakOff(response, 1000, '');
  });
  const fetched = await fetch();
  refused(t, fetched, 'import/gave-up');
  t.match(fetched, { error: { kind: 'remote', diagnostics: [{ message: /in 5 attempts/ }] } });
  t.equal(requests.length, 5);
  t.equal(retries.length, 4);
  t.equal(parts().length, 2, 'what arrived is kept');
});

t.test(
  'what a killed process had received is continued, unless it is another file now',
  async (t) => {
    const { fetch, requests, folder } = await setUp(t, (request, response, nth) => {
      if (nth <= 5) breakOff(response, 10_000 * nth);
      else if (nth === 6) good(request, response);
      else if (nth <= 11) breakOff(response, 1000);
      else good(request, response, '"v2"');
    });
    refused(t, await fetch(), 'import/gave-up');
    same(t, await fetch());
    t.match(requests[5], { range: /^bytes=\d+-$/ });
    fs.rmSync(folder, { recursive: true });
    refused(t, await fetch(), 'import/gave-up');
    same(t, await fetch());
  },
);

t.test('errors: some are tried again, some are answers', async (t) => {
  const busy = await setUp(t, (request, response, nth) => {
    if (nth === 1) response.writeHead(503, { 'retry-after': '0' }).end();
    else if (nth === 2) response.writeHead(429).end('slowly');
    else good(request, response);
  });
  same(t, await busy.fetch());
  t.match(busy.retries, [/answered 503/, /answered 429/]);
  for (const status of [404, 403, 400]) {
    const { fetch, requests, parts } = await setUp(t, (_, response) => {
      response.writeHead(status).end('no');
    });
    refused(t, await fetch(), 'import/refused');
    t.equal(requests.length, 1);
    t.same(parts(), []);
  }
  const zipped = await setUp(t, (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
  });
  refused(t, await zipped.fetch(), 'import/bad-answer');
  const { open, options } = zipped;
  refused(t, await open().fetch('http://127.0.0.1:1/nobody', options), 'import/gave-up');
});

t.test('redirects are followed, not in circles and not into the open', async (t) => {
  const { fetch, requests } = await setUp(t, (request, response) => {
    if (request.url === '/birds.bin') response.writeHead(302, { location: 'there' }).end();
    else good(request, response);
  });
  same(t, await fetch());
  t.equal(requests.length, 2);
  const loop = await setUp(t, (_, response) => {
    response.writeHead(307, { location: '/birds.bin' }).end();
  });
  refused(t, await loop.fetch(), 'import/bad-answer');
  const away = await setUp(t, (_, response) => {
    response.writeHead(301, { location: 'file:///etc/passwd' }).end();
  });
  refused(t, await away.fetch(), 'import/bad-answer');
});

t.test('an interrupted download ends at once, and keeps what it has', async (t) => {
  const abort = new AbortController();
  const { fetch, parts } = await setUp(t, (_, response) => {
    response.writeHead(200, { etag: '"v1"', 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, 1000), () => setTimeout(() => abort.abort(), 20));
  });
  await t.rejects(fetch({ signal: abort.signal }), { name: 'AbortError' });
  t.equal(parts().length, 2);
});

t.test('files outside the project', async (t) => {
  const { open, options, root } = await setUp(t, serve);
  const downloads = open();
  const resolved = downloads.resolve('../outside/data.bin');
  t.match(resolved, { ok: true, value: { url: /^file:\/\/\/.*\/outside\/data\.bin$/ } });
  if (!resolved.ok) return;
  const { url } = resolved.value;
  const from = same(t, await downloads.fetch(url, options));
  t.match(from, { url, size: BYTES.length, modified: /Z$/ });
  if (from === undefined) return;
  t.same(await downloads.fetch(url, { ...options, known: from }), { ok: true, value: 'unchanged' });
  fs.appendFileSync(join(root, 'outside/data.bin'), 'x');
  t.match(await downloads.fetch(url, { ...options, known: from }), {
    value: { from: { size: BYTES.length + 1 } },
  });
  refused(t, await downloads.fetch(`${url}.gone`, options), 'import/unreadable');
  const folder = `file://${join(root, 'outside/folder')}`;
  refused(t, await downloads.fetch(folder, options), 'import/not-a-file');
  const growing = await downloads.fetch(url, {
    ...options,
    onProgress: () => fs.appendFileSync(join(root, 'outside/data.bin'), 'y'),
  });
  refused(t, growing, 'import/changed-midway');
});

t.test('what cannot be fetched is said at once', async (t) => {
  const { open, root } = await setUp(t, serve);
  const downloads = open();
  const code = (typed: string) => {
    const resolved = downloads.resolve(typed);
    return resolved.ok ? resolved.value.name : resolved.error.diagnostics[0]?.code;
  };
  t.equal(code('https://example.org/a%20b.csv?x=1#part'), 'a b.csv');
  t.equal(code('https://robin:secret@example.org/x'), 'import/credentials');
  t.equal(code('gs://bucket/x'), 'import/unknown-scheme');
  t.equal(code('https://'), 'import/bad-url');
  t.equal(code(join(root, 'project/data.csv')), 'import/inside');
  t.equal(code('data.csv'), 'import/inside');
  t.equal(code('file://host/x'), 'import/bad-url');
});
