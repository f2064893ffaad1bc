import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a container sees it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly env: { readonly [name: string]: string };
}

export interface Answered {
  readonly status: number;
  readonly body?: string;
  readonly delayMs?: number;
}

/** What runs in an image. Cloud Run asks it for its health path before it gets requests. */
export type Container = (asked: Asked) => Answered;

/** What stands behind a URL, looked up at each request. */
export interface Behind {
  readonly container: Container;
  readonly env: { readonly [name: string]: string };
}

/** Undefined: nobody. `token`: what a request has to carry; undefined when everybody may ask. */
export type Route = () => {
  readonly behind: Behind | undefined;
  readonly token: string | undefined;
};

export interface FrontEnd {
  /** The URL of a host name, which stays the same. */
  open(host: string, route: Route): Promise<string>;
  close(): Promise<void>;
}

/** Each host name of Cloud Run is a port of the loopback interface. */
export function createFrontEnd(): FrontEnd {
  const servers = new Map<string, Server>();
  const urlOf = (server: Server): string =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    async open(host, route) {
      const known = servers.get(host);
      if (known !== undefined) return urlOf(known);
      const server = createServer((request, response) => void answer(request, response, route));
      servers.set(host, server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return urlOf(server);
    },
    async close() {
      for (const server of servers.values()) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { behind, token } = route();
  const path = request.url ?? '/';
  // Cloud Run keeps these for itself; the container never sees them.
  if (behind === undefined || path === '/healthz' || path.startsWith('/_ah/')) {
    response.writeHead(404).end('<title>404 Page not found</title>');
    return;
  }
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
    response.writeHead(403).end('<title>403 Forbidden</title>');
    return;
  }
  const {
    status,
    body = '',
    delayMs = 0,
  } = behind.container({
    method: request.method ?? 'GET',
    path,
    body: Buffer.concat(chunks),
    contentType: request.headers['content-type'],
    env: behind.env,
  });
  setTimeout(() => response.writeHead(status).end(body), delayMs);
}
