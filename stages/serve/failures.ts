/** Every failure leaves as `{error:{code,message,hint}}`; only bugs are logged with a stack. */
import type { FastifyError, FastifyInstance } from 'fastify';
import { ImageError } from '../vision/images.ts';
import { errorBody, ServiceError } from './service-error.ts';

export function handleFailures(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const failure = expectedFailure(error);
    if (failure !== undefined) {
      if (failure.status === 503) void reply.header('retry-after', '1');
      return reply
        .code(failure.status)
        .send(errorBody(failure.code, failure.message, failure.hint));
    }
    request.log.error({ stack_trace: error.stack }, `bug: ${error.message}`);
    const hint = `try again; if it stays, report request ${request.id}`;
    return reply.code(500).send(errorBody('internal-error', 'the service failed', hint));
  });
  app.setNotFoundHandler((request, reply) => {
    const hint = 'there are /infer_image, /docs, /openapi.json, /healthz, /readyz, /metrics and /';
    return reply
      .code(404)
      .send(errorBody('not-found', `${request.method} ${request.url} is nothing here`, hint));
  });
}

function expectedFailure(error: FastifyError): ServiceError | undefined {
  if (error instanceof ServiceError) return error;
  if (error instanceof ImageError) {
    return new ServiceError(imageErrorCodes[error.kind], error.message, error.hint);
  }
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new ServiceError(
      'not-a-form',
      'the request is no multipart/form-data',
      'send the photograph as a form field: curl -F bird_image=@photo.jpg URL/infer_image',
    );
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
