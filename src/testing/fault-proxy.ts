import {
  Agent,
  createServer,
  request as ask,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
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
  | { readonly kind: 'flip'; readonly at: number };

export interface FaultProxy {
  readonly endpoint: string;
  /** How many requests passed by. */
  requests(): number;
  /** Milliseconds before a request is handed on. */
  latency: number;
  /** Asked for every request, counted from 1. */
  onRequest: (request: {
    readonly method: string;
    readonly url: string;
    readonly count: number;
  }) => Fault | undefined;
}

/** Stands between a client and a bucket over HTTP, and lets go wrong what a test wants. */
export async function startFaultProxy(t: Test, target: string): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  let count = 0;
  const proxy: FaultProxy = {
    endpoint: '',
    requests: () => count,
    latency: 0,
    onRequest: () => undefined,
  };
  const server = createServer((request, response) => {
    count += 1;
    const { method = 'GET', url = '/' } = request;
    const fault = proxy.onRequest({ method, url, count });
    const go = (): void => handOn(request, response, fault);
    if (proxy.latency === 0) go();
    else setTimeout(go, proxy.latency);
  });

  function handOn(
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault | undefined,
  ): void {
    if (fault?.kind === 'status') {
      request.resume();
      return void response.writeHead(fault.status, { 'content-length': 0 }).end();
    }
    const { hostname, port } = new URL(target);
    const onward = ask({
      ...{ hostname, port, agent, method: request.method, path: request.url },
      headers: { ...request.headers, host: `${hostname}:${port}` },
    });
    onward.on('error', () => response.destroy());
    onward.on('response', (answer) => comeBack(answer, response, fault));
    let sent = 0;
    request.on('data', (piece: Buffer) => {
      if (fault?.kind === 'stall-upload' && sent + piece.length > fault.afterBytes) {
        request.pause();
        return;
      }
      if (fault?.kind === 'reset-upload' && sent + piece.length > fault.afterBytes) {
        onward.write(piece.subarray(0, fault.afterBytes - sent), () => {
          onward.destroy();
          request.destroy();
        });
        request.pause();
        return;
      }
      sent += piece.length;
      if (!onward.write(piece)) {
        request.pause();
        onward.once('drain', () => request.resume());
      }
    });
    request.on('end', () => onward.end());
    request.on('error', () => onward.destroy());
    response.on('close', () => {
      if (!response.writableEnded) onward.destroy();
    });
  }

  function comeBack(
    answer: IncomingMessage,
    response: ServerResponse,
    fault: Fault | undefined,
  ): void {
    if (fault?.kind === 'lose-answer') {
      answer.resume();
      return void response.destroy();
    }
    const headers = { ...answer.headers };
    if (fault?.kind === 'truncate') delete headers['content-length'];
    response.writeHead(answer.statusCode ?? 502, headers);
    let passed = 0;
    answer.on('data', (piece: Buffer) => {
      const limit = fault !== undefined && 'afterBytes' in fault ? fault.afterBytes : Infinity;
      const isCut = fault?.kind !== 'stall-upload' && passed + piece.length > limit;
      const part = isCut ? piece.subarray(0, limit - passed) : piece;
      if (fault?.kind === 'flip' && fault.at >= passed && fault.at < passed + part.length) {
        part[fault.at - passed] = (part[fault.at - passed] ?? 0) ^ 0x20;
      }
      passed += part.length;
      if (isCut) {
        answer.pause();
        if (fault?.kind === 'truncate') response.end(part);
        else response.write(part, () => fault?.kind === 'reset' && response.destroy());
        answer.destroy();
        return;
      }
      if (!response.write(part)) {
        answer.pause();
        response.once('drain', () => answer.resume());
      }
    });
    answer.on('end', () => response.end());
    answer.on('error', () => undefined);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(
    () =>
      new Promise<void>((resolve) => {
        agent.destroy();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return Object.assign(proxy, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
}
