import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { randomBytes } from 'node:crypto';
import { basename, extname, join } from 'node:path';
import { byCodeUnit } from '../../model/json.ts';
import type { ProbeAnswer, Prober } from '../../ports/prober.ts';

const MEDIA_TYPES: { readonly [extension: string]: string } = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.json': 'application/json',
  '.txt': 'text/plain',
};

/** What is kept of an answer that is no success. */
const MOST_TEXT = 200;

/** Requests over node:http, each on a connection of its own: a kept one would stay with its revision. */
export function createHttpProber(): Prober {
  return {
    files(path, limit) {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) return [];
      if (!stat.isDirectory()) return [path];
      return readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(path, entry.name))
        .sort(byCodeUnit)
        .slice(0, limit);
    },

    ask({ url, form, token, timeoutMs, signal }) {
      signal.throwIfAborted();
      const body = form === undefined ? undefined : formOf(form);
      const limit = AbortSignal.timeout(timeoutMs);
      const started = performance.now();
      const elapsed = (): number => Math.round(performance.now() - started);
      const send = url.startsWith('https:') ? httpsRequest : httpRequest;
      return new Promise<ProbeAnswer>((resolve, reject) => {
        const fail = (reason: string): void =>
          resolve({ status: undefined, ms: elapsed(), reason });
        const request = send(url, {
          method: body === undefined ? 'GET' : 'POST',
          agent: false,
          signal: AbortSignal.any([signal, limit]),
          headers: {
            'user-agent': 'avian',
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...(body && { 'content-type': body.type, 'content-length': body.bytes.length }),
          },
        });
        request.on('response', (response) => {
          void textOf(response).then((text) => {
            const { statusCode: status = 0 } = response;
            const good = status >= 200 && status < 300;
            const reason = text.replace(/\s+/g, ' ').trim();
            resolve({ status, ms: elapsed(), ...(!good && reason !== '' && { reason }) });
          }, fail);
        });
        request.on('error', (cause: NodeJS.ErrnoException) => {
          if (signal.aborted) reject(signal.reason as Error);
          else if (limit.aborted) fail(`did not answer within ${timeoutMs} ms`);
          else fail(`failed: ${cause.code ?? cause.message}`);
        });
        request.end(body?.bytes);
      });
    },
  };
}

/** The beginning of a body, all of which is read: an answer has come when it has ended. */
async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    if (text.length < MOST_TEXT) text += chunk as string;
  }
  return text.slice(0, MOST_TEXT);
}

function formOf({ field, file }: { readonly field: string; readonly file: string }) {
  const boundary = `avian-${randomBytes(12).toString('hex')}`;
  const quoted = (text: string): string => text.replace(/["\r\n\\]/g, '_');
  const type = MEDIA_TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream';
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(field)}"; filename="${quoted(basename(file))}"\r\ncontent-type: ${type}\r\n\r\n`;
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([
      Buffer.from(head),
      readFileSync(file),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  };
}
