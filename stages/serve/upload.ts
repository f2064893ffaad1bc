/** Takes the photograph out of a request. */
import type { FastifyRequest } from 'fastify';
import '@fastify/multipart';
import { ServiceError } from './service-error.ts';

export const photographField = 'bird_image';
const howToSend = `send it as the multipart/form-data field ${photographField}, as in: curl -F ${photographField}=@photo.jpg URL/infer_image`;

/** Room for the form around the photograph: boundaries, part headers, small fields. */
const FORM_OVERHEAD_BYTES = 64 * 1024;

/** The bytes of the field `bird_image`, whatever they are. Throws ServiceError. */
export async function readPhotograph(request: FastifyRequest, maxBytes: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes + FORM_OVERHEAD_BYTES) throw tooLarge(maxBytes);
  if (!request.isMultipart()) throw noPhotograph('the request has no body');
  return readField(request, maxBytes);
}

async function readField(request: FastifyRequest, maxBytes: number): Promise<Buffer> {
  const limits = { fileSize: maxBytes, files: 8, fields: 32, fieldSize: 16 * 1024 };
  const others: string[] = [];
  let photograph: Buffer | undefined;
  try {
    // Every part is read to its end, or the form would never be finished.
    for await (const part of request.parts({ limits })) {
      if (part.type === 'file' && part.fieldname === photographField && photograph === undefined) {
        photograph = await part.toBuffer();
      } else {
        others.push(part.fieldname);
        if (part.type === 'file') part.file.resume();
      }
    }
  } catch (error) {
    throw readFailure(error, maxBytes);
  }
  if (photograph !== undefined && photograph.length > 0) return photograph;
  if (photograph !== undefined) throw noPhotograph(`the file in ${photographField} is empty`);
  const names = [...new Set(others)].slice(0, 5).join(', ');
  throw noPhotograph(
    names === ''
      ? 'the form has no file'
      : `the form has no file ${photographField}, only ${names}`,
  );
}

function readFailure(error: unknown, maxBytes: number): ServiceError {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'FST_REQ_FILE_TOO_LARGE') return tooLarge(maxBytes);
  return new ServiceError('bad-request', `the form cannot be read: ${message}`, howToSend);
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

/** 10485760 -> "10 MiB". */
export function formatBytes(bytes: number): string {
  if (bytes >= 2 ** 20) return `${Number((bytes / 2 ** 20).toFixed(1))} MiB`;
  return `${Number((bytes / 1024).toFixed(1))} KiB`;
}
