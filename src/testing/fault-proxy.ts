import {
  Agent,
  createServer,
  request as ask,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Test } from 'tap';

/** What goes wrong with one request. Bytes count from the beginning of a body. */
export type Fault =
  /** The answer's body stops after so many bytes, and the connection stays open for ever. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** The request's body is not read on after so many bytes, and nothing is answered. */
  | { readonly kind: 'stall-upload'; readonly afterBytes: number }
  /** The connection is cut after so many bytes of the answer. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** The connection is cut after so many bytes of the request. */
  | { readonly kind: 'reset-upload'; readonly afterBytes: number }
  /** All is done, and the answer gets lost. */
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'status'; readonly status: number }
  /** The body ends in order, without a length that would betray it. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** One byte of the answer's body is another one. */
  | { readonly kind: 'flip'; readonly at: number }
  /** One byte of the request's body is another one. */
  | { readonly kind: 'flip-upload'; readonly at: number }
  /** Both bodies creep. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number };

/** A request that came by, and what became of it. */
export interface Passed {
  readonly method: string;
  readonly url: string;
  /** The object that it is about, with its prefix; absent for a listing. */
  name?: string;
  /** Bytes of its body that came. */
  sent: number;
  /** Bytes of the answer's body that went back. */
  received: number;
  /** Of the answer; absent when none was begun. */
  status?: number;
  /** The whole answer was handed to the client's connection. */
  isAnswered: boolean;
}

export interface FaultProxy {
  readonly endpoint: string;
  /** Every request, in order of their arrival. */
  readonly passed: Passed[];
  /** Milliseconds before a request is handed on. */
  latency: number;
  /** Asked for every request, counted from 1. */
  onRequest: (request: {
    readonly method: string;
    readonly url: string;
    readonly count: number;
  }) => Fault | undefined;
  readonly close: () => Promise<void>;
}

/** Stands between a client and a bucket over HTTP, and lets go wrong what a test wants; ends with it. */
export async function startFaultProxy(t: Test, target: string): Promise<FaultProxy> {
  const proxy = await openFaultProxy(target);
  t.teardown(() => proxy.close());
  return proxy;
}

/** As `startFaultProxy`, outside of a test; to be closed. */
export async function openFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/' } = request;
    const passed: Passed = { method, url, sent: 0, received: 0, isAnswered: false };
    const name = nameIn(url);
    if (name !== undefined) passed.name = name;
    proxy.passed.push(passed);
    const fault = proxy.onRequest({ method, url, count: proxy.passed.length });
    const go = (): void => {
      handOn({ request, response, fault, passed, agent, hostname, port });
    };
    if (proxy.latency === 0) go();
    else setTimeout(go, proxy.latency);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed: [],
    latency: 0,
    onRequest: () => undefined,
    close: () =>
      new Promise<void>((resolve) => {
        agent.destroy();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return proxy;
}

/** The object's name as a URL tells it; an upload in one request has it in its body only. */
function nameIn(url: string): string | undefined {
  const { pathname, searchParams } = new URL(url, 'http://any');
  const [, inPath] = /^\/storage\/v1\/b\/[^/]+\/o\/(.+)$/.exec(pathname) ?? [];
  return inPath === undefined
    ? (searchParams.get('name') ?? undefined)
    : decodeURIComponent(inPath);
}

interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: Fault | undefined;
  readonly passed: Passed;
  readonly agent: Agent;
  readonly hostname: string;
  readonly port: string;
}

function handOn(passage: Passage): void {
  const { request, response, fault, passed, agent, hostname, port } = passage;
  if (fault?.kind === 'status') {
    request.on('data', (piece: Buffer) => (passed.sent += piece.length));
    passed.status = fault.status;
    response.writeHead(fault.status, { 'content-length': 0 });
    return void response.end(() => (passed.isAnswered = true));
  }
  const onward = ask({
    ...{ hostname, port, agent, method: request.method, path: request.url },
    // With the host that the client asked for: links in an answer then lead through here again.
    headers: request.headers,
  });
  onward.on('error', () => response.destroy());
  onward.on('response', (answer) => comeBack(answer, passage));
  request.on('data', (piece: Buffer) => {
    const before = passed.sent;
    passed.sent += piece.length;
    if (before === 0 && passed.name === undefined) {
      const [, inBody] = /"name":"([^"]+)"/.exec(piece.toString('latin1', 0, 1000)) ?? [];
      if (inBody !== undefined) passed.name = inBody;
    }
    if (fault?.kind === 'stall-upload' && passed.sent > fault.afterBytes) {
      request.pause();
      return;
    }
    if (fault?.kind === 'reset-upload' && passed.sent > fault.afterBytes) {
      request.pause();
      onward.write(piece.subarray(0, Math.max(0, fault.afterBytes - before)), () => {
        onward.destroy();
        request.destroy();
      });
      return;
    }
    if (fault?.kind === 'flip-upload') flip(piece, fault.at - before);
    passOn(piece, request, onward, fault);
  });
  request.on('end', () => onward.end());
  request.on('error', () => onward.destroy());
  response.on('close', () => {
    if (!response.writableEnded) onward.destroy();
  });
}

function comeBack(answer: IncomingMessage, { request, response, fault, passed }: Passage): void {
  const ownHost = request.headers.host ?? '';
  if (fault?.kind === 'lose-answer') {
    answer.resume();
    return void response.destroy();
  }
  const headers = { ...answer.headers };
  if (fault?.kind === 'truncate') delete headers['content-length'];
  // Where an upload goes on: by the way it came.
  if (headers.location !== undefined) {
    headers.location = headers.location.replace(/^https?:\/\/[^/]+/, `http://${ownHost}`);
  }
  passed.status = answer.statusCode ?? 502;
  response.writeHead(passed.status, headers);
  answer.on('data', (piece: Buffer) => {
    const before = passed.received;
    const limit = limitOf(fault);
    const isCut = before + piece.length > limit;
    const part = isCut ? piece.subarray(0, limit - before) : piece;
    if (fault?.kind === 'flip') flip(part, fault.at - before);
    passed.received += part.length;
    if (!isCut) {
      passOn(part, answer, response, fault);
      return;
    }
    answer.pause();
    if (fault?.kind === 'truncate') response.end(part);
    else response.write(part, () => fault?.kind === 'reset' && response.destroy());
    answer.destroy();
  });
  answer.on('end', () => response.end(() => (passed.isAnswered = true)));
  answer.on('error', () => undefined);
}

/** How much of an answer comes through. */
const limitOf = (fault: Fault | undefined): number =>
  fault?.kind === 'stall' || fault?.kind === 'reset' || fault?.kind === 'truncate'
    ? fault.afterBytes
    : Infinity;

function flip(piece: Buffer, at: number): void {
  if (at >= 0 && at < piece.length) piece[at] = (piece[at] ?? 0) ^ 0x20;
}

/** Waits for whoever is slower, and for the time that the piece takes on a slow line. */
function passOn(piece: Buffer, from: Readable, to: Writable, fault: Fault | undefined): void {
  const waits = to.write(piece) ? 0 : 1;
  const ms = fault?.kind === 'slow' ? (piece.length / fault.bytesPerSecond) * 1000 : 0;
  if (waits === 0 && ms === 0) return;
  from.pause();
  const goOn = (): void => void from.resume();
  const afterTime = (): void => {
    if (ms === 0) goOn();
    else setTimeout(goOn, ms);
  };
  if (waits === 0) afterTime();
  else to.once('drain', afterTime);
}
