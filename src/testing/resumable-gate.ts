import {
  Agent,
  createServer,
  request as ask,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { UploadSession } from './upload-session.ts';

/**
 * Stands in front of fake-gcs-server, which takes the question how much of a resumable upload it has for
 * its end: here the state of a session is kept as Google Cloud Storage keeps it, and the emulator gets each upload
 * whole, in one request. All else passes as it is.
 */
export interface ResumableGate {
  readonly endpoint: string;
  readonly close: () => Promise<void>;
}

interface Session {
  readonly state: UploadSession;
  /** What the emulator said to the whole. */
  ending?: Answer;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export async function openResumableGate(target: string): Promise<ResumableGate> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const sessions = new Map<string, Session>();
  const onward = (request: IncomingMessage, headers = request.headers) =>
    ask({ hostname, port, agent, method: request.method, path: request.url, headers });

  function pass(request: IncomingMessage, response: ServerResponse): void {
    const further = onward(request);
    further.on('error', () => response.destroy());
    further.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    request.pipe(further);
    request.on('error', () => further.destroy());
    response.on('close', () => {
      if (!response.writableEnded) further.destroy();
    });
  }

  async function goOn(
    id: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const session: Session = sessions.get(id) ?? { state: new UploadSession() };
    sessions.set(id, session);
    const taken = await session.state.take(request, () => undefined);
    switch (taken.kind) {
      case 'broken':
        return;
      case 'gap':
        return void response.writeHead(503, { 'content-length': 0 }).end();
      case 'part': {
        const range = { range: `bytes=0-${taken.received - 1}` };
        response.writeHead(308, { 'content-length': 0, ...(taken.received > 0 && range) });
        return void response.end();
      }
      case 'whole': {
        const { status, body } = (session.ending ??= await handOver(request, taken.bytes));
        response.writeHead(status, {
          'content-type': 'application/json',
          'content-length': body.length,
        });
        response.end(body);
      }
    }
  }

  function handOver(request: IncomingMessage, bytes: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const further = onward(request, {
        'content-type': request.headers['content-type'],
        'content-length': String(bytes.length),
        'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}`,
      });
      further.on('error', reject);
      further.on('response', (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => void pieces.push(piece));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 502, body: Buffer.concat(pieces) }),
        );
        answer.on('error', reject);
      });
      further.end(bytes);
    });
  }

  const server = createServer((request, response) => {
    const id = new URL(request.url ?? '/', target).searchParams.get('upload_id');
    if (request.method !== 'PUT' || id === null) pass(request, response);
    else void goOn(id, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        agent.destroy();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
