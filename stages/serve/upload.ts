/** Takes the photograph out of a request. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ServiceConfig } from './config.ts';
import { boundaryOf, readForm } from './multipart.ts';
import { ServiceError } from './service-error.ts';

export const photographField = 'bird_image';
const howToSend = `send it as the multipart/form-data field ${photographField}, as in: curl -F ${photographField}=@photo.jpg URL/infer_image`;

/** Room for the form around the photograph: boundaries, part headers, small fields. */
const FORM_OVERHEAD_BYTES = 64 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    /** Bytes of its body that are held in memory. */
    heldBytes: number;
  }
}

/**
 * Lets the service read forms. They are held in memory, each up to the size of the largest photograph, all together up to
 * `maxBufferedBytes`; whoever asks for more is refused, and what still comes in is thrown away.
 */
export function acceptForms(
  app: FastifyInstance,
  { maxUploadBytes, maxBufferedBytes }: Pick<ServiceConfig, 'maxUploadBytes' | 'maxBufferedBytes'>,
): void {
  let held = 0;
  app.decorateRequest('heldBytes', 0);
  app.addHook('onRequest', (request, reply, done) => {
    // Comes for every request, also where the client left.
    reply.raw.once('close', () => {
      held -= request.heldBytes;
      request.heldBytes = 0;
    });
    done();
  });

  app.addContentTypeParser('multipart/form-data', (request, payload, done) => {
    const chunks: Buffer[] = [];
    const most = maxUploadBytes + FORM_OVERHEAD_BYTES;
    const end = (error: Error | null, body?: Buffer): void => {
      payload.off('data', take).off('end', finish).off('close', abort).off('error', abort);
      // A body that is not wanted is still to be read, or its sender would see a reset in place of the answer.
      payload.on('error', () => undefined).resume();
      done(error, body);
    };
    const take = (chunk: Buffer): void => {
      if (request.heldBytes + chunk.length > most) return end(tooLarge(maxUploadBytes));
      if (held + chunk.length > maxBufferedBytes) return end(tooBusy(held));
      held += chunk.length;
      request.heldBytes += chunk.length;
      chunks.push(chunk);
    };
    const finish = (): void => {
      const [only] = chunks;
      end(null, chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    };
    const abort = (): void => {
      end(new ServiceError('bad-request', 'the request ended in the middle', howToSend));
    };
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') return end(notAForm(`the request is encoded as ${encoding}`));
    if (Number(request.headers['content-length'] ?? 0) > most) return end(tooLarge(maxUploadBytes));
    payload.on('data', take).on('end', finish).on('close', abort).on('error', abort);
  });
}

/** The bytes of the field `bird_image`, whatever they are. Throws ServiceError. */
export function photographIn(request: FastifyRequest, maxBytes: number): Buffer {
  if (!Buffer.isBuffer(request.body)) throw noPhotograph('the request has no body');
  const boundary = boundaryOf(request.headers['content-type'] ?? '');
  if (boundary === undefined) throw unreadable('its Content-Type names no boundary');
  const form = readForm(request.body, boundary);
  if (form.kind === 'wrong') throw unreadable(form.problem);

  const file = form.parts.find(({ name, fileName }) => {
    return name === photographField && fileName !== undefined;
  });
  if (file !== undefined && file.content.length > maxBytes) throw tooLarge(maxBytes);
  if (file !== undefined && file.content.length > 0) return file.content;
  if (file !== undefined) throw noPhotograph(`the file in ${photographField} is empty`);
  const names = [...new Set(form.parts.map(({ name }) => name.slice(0, 40)))].slice(0, 5);
  throw noPhotograph(
    names.length === 0
      ? 'the form has no file'
      : `the form has no file ${photographField}, only ${names.join(', ')}`,
  );
}

export function notAForm(message: string): ServiceError {
  return new ServiceError('not-a-form', message, howToSend);
}

function unreadable(problem: string): ServiceError {
  return new ServiceError('bad-request', `the form cannot be read: ${problem}`, howToSend);
}

function noPhotograph(message: string): ServiceError {
  return new ServiceError('no-photograph', message, howToSend);
}

function tooLarge(maxBytes: number): ServiceError {
  return new ServiceError(
    'photograph-too-large',
    `the file is larger than ${formatBytes(maxBytes)}`,
    'scale the photograph down; the model looks at a small version of it anyway',
  );
}

function tooBusy(held: number): ServiceError {
  const message = `photographs of ${formatBytes(held)} are being taken in already`;
  return new ServiceError('too-busy', message, 'try again in a second');
}

/** 10485760 -> "10 MiB". */
export function formatBytes(bytes: number): string {
  if (bytes >= 2 ** 20) return `${Number((bytes / 2 ** 20).toFixed(1))} MiB`;
  return `${Number((bytes / 1024).toFixed(1))} KiB`;
}
