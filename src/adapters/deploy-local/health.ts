import { get } from 'node:http';

/** Undefined when the path answers 200, else why not. The body is not read. */
export function healthProblem(
  url: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const limit = AbortSignal.timeout(Math.ceil(timeoutMs));
    const request = get(
      url,
      // No agent: a connection that is kept open would keep a draining service waiting.
      { agent: false, signal: signal ? AbortSignal.any([signal, limit]) : limit },
      (response) => {
        response.destroy();
        const status = response.statusCode ?? 0;
        resolve(status === 200 ? undefined : `answered ${status}`);
      },
    );
    request.on('error', (cause: NodeJS.ErrnoException) => {
      resolve(
        limit.aborted
          ? `did not answer within ${timeoutMs} ms`
          : cause.code === 'ECONNREFUSED'
            ? 'refused the connection'
            : `failed: ${cause.code ?? cause.message}`,
      );
    });
  });
}
