/** Logs as JSON lines in the form that Cloud Logging reads: severity, message, time, httpRequest. */
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import type { LogLevel } from './config.ts';
import { traceFields, traceOf } from './trace.ts';

const severities: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

/** Options of Fastify's logger. Bodies and header values other than the user agent are never logged. */
export function loggerOptions(
  level: LogLevel,
  stream?: { write(line: string): void },
): Exclude<FastifyServerOptions['logger'], boolean | undefined> {
  return {
    level,
    messageKey: 'message',
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ severity: severities[label] ?? 'DEFAULT' }),
      // Fastify binds the request to its logger; httpRequest says it better, once, at the end.
      bindings: (bindings: Record<string, unknown>) => bindings,
    },
    ...(stream === undefined ? {} : { stream }),
  };
}

/** Every line of a request is shown beside its trace. */
export function withTrace(
  project: string,
): NonNullable<FastifyServerOptions['childLoggerFactory']> {
  return (logger, bindings, options, request) =>
    logger.child({ ...bindings, ...traceFields(traceOf(request.headers), project) }, options);
}

/** One line a request. Probes and scrapes, which come every few seconds, only at level debug. */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  const status = reply.statusCode;
  const line = {
    httpRequest: {
      requestMethod: request.method,
      requestUrl: request.url,
      status,
      userAgent: request.headers['user-agent'],
      remoteIp: request.ip,
      protocol: `HTTP/${request.raw.httpVersion}`,
      latency: `${(reply.elapsedTime / 1000).toFixed(6)}s`,
      requestSize: request.headers['content-length'],
    },
  };
  const message = `${request.method} ${request.url} ${status}`;
  if (status >= 500 && request.url !== '/readyz') request.log.error(line, message);
  else if (['/healthz', '/readyz', '/metrics'].includes(request.url)) {
    request.log.debug(line, message);
  } else request.log.info(line, message);
}
