/** Every failure leaves as `{error:{code,message,hint}}`; only bugs are logged with a stack. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ImageError } from '../vision/images.ts';
import { errorBody, errorStatus, ServiceError, type ErrorCode } from './service-error.ts';
import { notAForm } from './upload.ts';

/** On every answer of any kind. */
export const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

export function handleFailures(app: FastifyInstance): void {
  app.setErrorHandler(answerFailure);
  app.setNotFoundHandler((request, reply) => {
    const hint =
      'there are /infer_image, /docs, /openapi.json, /healthz, /readyz, /metrics, /drift and /';
    const message = `${request.method} ${request.url.slice(0, 200)} is nothing here`;
    return reply.code(404).send(errorBody('not-found', message, hint));
  });
}

/** Also for what Fastify refuses before it knows the route, such as an URL that is none. */
export function answerFailure(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const failure = expectedFailure(error);
  void reply.headers(safeHeaders); // hooks have not run where there is no route
  if (failure !== undefined) {
    if (failure.status === 503) void reply.header('retry-after', '1');
    return reply.code(failure.status).send(errorBody(failure.code, failure.message, failure.hint));
  }
  request.log.error({ stack_trace: error.stack }, `bug: ${error.message}`);
  const hint = `try again; if it stays, report request ${request.id}`;
  return reply.code(500).send(errorBody('internal-error', 'the service failed', hint));
}

/** What comes in is no HTTP, or too slow: Node has no request to answer, only a connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, message] = clientErrors[error.code ?? ''] ?? ['bad-request', 'this is no HTTP'];
  const status = errorStatus[code];
  const body = JSON.stringify(errorBody(code, message, 'see /docs'));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    ...Object.entries(safeHeaders).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const clientErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['too-slow', 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'the headers are larger than 16 KiB'],
};

function expectedFailure(error: FastifyError): ServiceError | undefined {
  if (error instanceof ServiceError) return error;
  if (error instanceof ImageError) {
    return new ServiceError(imageErrorCodes[error.kind], error.message, error.hint);
  }
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return notAForm('the request is no multipart/form-data');
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new ServiceError('bad-request', error.message, 'see /docs');
  }
  return undefined;
}

const imageErrorCodes = {
  unsupported: 'unsupported-format',
  broken: 'broken-photograph',
  'too-large': 'photograph-too-large',
} as const;
