import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { crc32c } from '../adapters/hash/crc32c.ts';
import { formatCrc } from '../adapters/bucket-gcs/wire.ts';
import { UploadSession } from './upload-session.ts';

interface Session {
  readonly name: string;
  readonly state: UploadSession;
  isDone: boolean;
}

/**
 * The parts of Google Cloud Storage's JSON API that avian uses, in memory, with what emulators
 * leave out: the state of an interrupted upload can be asked, and a token is demanded when one is set.
 */
export interface FakeGcs {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Method and path of every request, in order. */
  readonly requests: string[];
  /** Bytes of request bodies that arrived. */
  uploaded(): number;
  /** Demands this bearer token from now on. */
  demand(token: string | undefined): void;
}

export async function startFakeGcs(t: Test, bucket = 'birds'): Promise<FakeGcs> {
  const objects = new Map<string, Buffer>();
  const created = new Map<string, number>();
  const sessions = new Map<string, Session>();
  const requests: string[] = [];
  let token: string | undefined;
  let uploaded = 0;

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    void serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.teardown(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', endpoint);
    const { pathname, searchParams: query } = url;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      request.resume();
      return fail(response, 401, 'Invalid Credentials');
    }
    const base = `/storage/v1/b/${bucket}/o`;
    if (pathname === `/upload${base}`) {
      if (request.method === 'PUT') return chunk(request, response, query.get('upload_id') ?? '');
      const body = await collect(request);
      return query.get('uploadType') === 'multipart'
        ? multipart(request, response, body)
        : begin(response, query.get('name') ?? '');
    }
    if (!pathname.startsWith(base))
      return fail(response, 404, 'The specified bucket does not exist.');
    if (pathname === base) return list(response, query);
    const name = decodeURIComponent(pathname.slice(base.length + 1));
    const bytes = objects.get(name);
    if (bytes === undefined) return fail(response, 404, `No such object: ${bucket}/${name}`);
    if (request.method === 'DELETE') {
      objects.delete(name);
      return void response.writeHead(204).end();
    }
    download(request, response, bytes);
  }

  async function collect(request: IncomingMessage): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) {
      pieces.push(piece);
      uploaded += piece.length;
    }
    return Buffer.concat(pieces);
  }

  function multipart(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const boundary = /boundary=(.*)$/.exec(request.headers['content-type'] ?? '')?.[1] ?? '';
    const [, json = Buffer.alloc(0), media = Buffer.alloc(0)] = splitAt(body, `--${boundary}`);
    const metadata = JSON.parse(payload(json).toString()) as { name: string; crc32c?: string };
    const bytes = payload(media);
    if (metadata.crc32c !== undefined && metadata.crc32c !== formatCrc(crc32c(bytes))) {
      return fail(response, 400, 'Provided CRC32C does not match calculated CRC32C.');
    }
    void store(response, metadata.name, bytes);
  }

  function begin(response: ServerResponse, name: string): void {
    if (objects.has(name)) return fail(response, 412, 'conditionNotMet');
    const id = `upload-${sessions.size + 1}`;
    sessions.set(id, { name, state: new UploadSession(), isDone: false });
    const location = `${endpoint}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${id}`;
    response.writeHead(200, { location, 'content-length': 0 }).end();
  }

  async function chunk(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
  ): Promise<void> {
    const session = sessions.get(id);
    if (session === undefined) {
      request.resume();
      return fail(response, 404, 'no such upload');
    }
    const taken = await session.state.take(request, (count) => (uploaded += count));
    switch (taken.kind) {
      case 'broken':
        return;
      case 'gap':
        return fail(response, 503, 'the chunk does not follow on what is there');
      case 'part': {
        const range = { range: `bytes=0-${taken.received - 1}` };
        response.writeHead(308, { 'content-length': 0, ...(taken.received > 0 && range) });
        return void response.end();
      }
      case 'whole':
        if (session.isDone) return describe(response, session.name, taken.bytes);
        session.isDone = store(response, session.name, taken.bytes);
    }
  }

  function store(response: ServerResponse, name: string, bytes: Buffer): boolean {
    if (objects.has(name)) {
      fail(response, 412, 'conditionNotMet');
      return false;
    }
    objects.set(name, bytes);
    created.set(name, Date.now());
    describe(response, name, bytes);
    return true;
  }

  const describe = (response: ServerResponse, name: string, bytes: Buffer): void =>
    send(response, 200, { name, size: String(bytes.length), crc32c: formatCrc(crc32c(bytes)) });

  function list(response: ServerResponse, query: URLSearchParams): void {
    const prefix = query.get('prefix') ?? '';
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    const from = Number(query.get('pageToken') ?? 0);
    const items = names.slice(from, from + 1000).map((name) => {
      const bytes = objects.get(name) ?? Buffer.alloc(0);
      return {
        ...{ name, size: String(bytes.length), crc32c: formatCrc(crc32c(bytes)) },
        timeCreated: new Date(created.get(name) ?? 0).toISOString(),
      };
    });
    const isLast = from + 1000 >= names.length;
    send(response, 200, { items, ...(!isLast && { nextPageToken: String(from + 1000) }) });
  }

  function download(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
    const [, first = '0', last = ''] =
      /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const from = Number(first);
    const to = Math.min(last === '' ? Infinity : Number(last) + 1, bytes.length);
    if (from >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}`, 'content-length': 0 });
      return void response.end();
    }
    response.writeHead(206, {
      'content-range': `bytes ${from}-${to - 1}/${bytes.length}`,
      'content-length': to - from,
      'x-goog-hash': `crc32c=${formatCrc(crc32c(bytes))}`,
    });
    response.end(bytes.subarray(from, to));
  }

  return {
    ...{ endpoint, objects, requests },
    uploaded: () => uploaded,
    demand: (next) => {
      token = next;
    },
  };
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const text = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(text);
}

const fail = (response: ServerResponse, status: number, message: string): void =>
  send(response, status, { error: { code: status, message } });

function splitAt(bytes: Buffer, mark: string): Buffer[] {
  const parts: Buffer[] = [];
  let at = 0;
  for (let found = bytes.indexOf(mark); found >= 0; found = bytes.indexOf(mark, at)) {
    parts.push(bytes.subarray(at, found));
    at = found + mark.length;
  }
  return [...parts, bytes.subarray(at)];
}

/** A part without its headers and its last line break. */
const payload = (part: Buffer): Buffer =>
  part.subarray(part.indexOf('\r\n\r\n') + 4, part.length - 2);
