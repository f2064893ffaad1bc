import { connect, createServer, type Server, type Socket } from 'node:net';

/** How long a connection waits for a service that is being restarted. */
const HOLD_MS = 5000;
const RETRY_MS = 50;
const HOST = '127.0.0.1';

/**
 * A plain TCP proxy on loopback: new connections go to the port of the day, those that are open stay
 * where they are. It knows no HTTP, so it costs little and passes everything.
 */
export class Proxy {
  #server: Server | undefined;
  #upstream: number | undefined;
  readonly #open = new Map<Socket, number>();
  readonly #holdMs: number;

  constructor(holdMs = HOLD_MS) {
    this.#holdMs = holdMs;
  }

  get port(): number | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }

  /** Listens on `port` (0: a free one), then leaves the earlier port if there was one. */
  async listen(port: number): Promise<void> {
    const server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
      (client) => this.#accept(client),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: HOST, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // Running out of file handles must not end the supervisor.
    server.on('error', () => undefined);
    this.#server?.close();
    this.#server = server;
  }

  /** Where new connections go from now on. */
  route(upstream: number | undefined): void {
    this.#upstream = upstream;
  }

  /** Open connections to an upstream port. */
  connections(upstream: number): number {
    return [...this.#open.values()].filter((port) => port === upstream).length;
  }

  /** Stops listening; what is open goes on. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Stops listening and cuts what is open. */
  close(): void {
    this.refuse();
    for (const client of this.#open.keys()) client.destroy();
  }

  #accept(client: Socket): void {
    const deadline = performance.now() + this.#holdMs;
    let current: Socket | undefined;
    client.on('error', () => client.destroy());
    client.once('close', () => {
      this.#open.delete(client);
      current?.destroy();
    });
    const attempt = (): void => {
      if (client.destroyed) return;
      const port = this.#upstream;
      if (port === undefined) return retry();
      // Counted before it is connected: a draining service must not be ended under it.
      this.#open.set(client, port);
      const upstream = connect({ port, host: HOST, allowHalfOpen: true, noDelay: true });
      current = upstream;
      upstream.once('error', () => {
        upstream.destroy();
        retry();
      });
      upstream.once('connect', () => {
        upstream.removeAllListeners('error');
        join(client, upstream);
      });
    };
    // Nothing has been read from the client yet, so another attempt loses nothing.
    const retry = (): void => {
      this.#open.delete(client);
      if (performance.now() >= deadline) client.destroy();
      else setTimeout(attempt, RETRY_MS);
    };
    attempt();
  }
}

function join(client: Socket, upstream: Socket): void {
  upstream.on('error', () => client.destroy());
  upstream.once('close', () => {
    // A reset upstream has nothing more to say; an ended one is flushed by the pipe.
    if (!upstream.readableEnded) client.destroy();
  });
  client.pipe(upstream);
  upstream.pipe(client);
  client.resume();
}
