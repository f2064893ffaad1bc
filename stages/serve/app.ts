/** The HTTP service: routes, limits and states around one model. */
import Fastify, { LogController, type FastifyInstance, type FastifyReply } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { ServiceConfig } from './config.ts';
import { openDecoder } from './decoder.ts';
import { docsPage } from './docs-page.ts';
import { answerClientError, answerFailure, handleFailures, safeHeaders } from './failures.ts';
import { homePage } from './home-page.ts';
import { loggerOptions, logRequest, withTrace } from './log.ts';
import type { ServedModel } from './model.ts';
import { observeNothing, type OpenObserver } from './observer.ts';
import { openApiDocument } from './openapi.ts';
import type { Page } from './page.ts';
import { createRecognizer, type Recognizer } from './recognizer.ts';
import { ServiceError } from './service-error.ts';
import { createServiceMetrics } from './service-metrics.ts';
import { acceptForms, photographIn } from './upload.ts';
import { warmUp } from './warm-up.ts';

type Phase = 'starting' | 'ready' | 'draining';

export interface ServiceOptions {
  readonly logStream?: { write(line: string): void };
  readonly openObserver?: OpenObserver;
}

export interface Service {
  readonly app: FastifyInstance;
  /** Resolves once a photograph of its own was answered; rejects where the model cannot be used. */
  readonly ready: Promise<ServedModel>;
  /** Resolves with the reason if a thread that it needs ends by itself. */
  readonly died: Promise<Error>;
  /** Says "not ready" for `drainDelayMs`, then takes no new connection; resolves when every request is answered. */
  readonly drain: () => Promise<void>;
}

/**
 * Builds the service around a model that may still be loading: requests that come early wait for it.
 * The caller listens, and handles `ready` and `died`.
 */
export async function buildService(
  config: ServiceConfig,
  loading: Promise<ServedModel>,
  { logStream, openObserver = observeNothing }: ServiceOptions = {},
): Promise<Service> {
  const app = Fastify({
    logger: loggerOptions(config.logLevel, logStream),
    // One line a request is ours, in logRequest.
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId',
    }),
    childLoggerFactory: withTrace(config.project),
    genReqId: () => randomUUID(),
    requestTimeout: config.requestTimeoutMs, // a client that sends a byte a minute must not be waited for
    http: {
      headersTimeout: Math.min(config.requestTimeoutMs, 20_000),
      connectionsCheckingInterval: Math.min(config.requestTimeoutMs, 1000),
    },
    // A request that arrives while the last ones are answered is answered too.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => void answerFailure(error, request, reply),
    clientErrorHandler: answerClientError,
    routerOptions: { ignoreTrailingSlash: true },
  });
  app.server.maxConnections = config.maxConnections;
  const metrics = createServiceMetrics();
  const document = openApiDocument(config);
  let phase: Phase = 'starting';
  let model: ServedModel | undefined;
  let inFlight = 0;
  let working = 0;

  const opening = loading.then(async (loaded) => {
    const { predictor } = loaded;
    const setup = { input: predictor.contract.input, maxPixels: config.maxPixels };
    const decoder = await openDecoder(setup, config.decodeThreads);
    await warmUp(decoder, predictor);
    // A batch is answered when its last photograph is: in a slow model, company costs more than it saves.
    const fits = Math.max(1, Math.floor(config.batchMs / predictor.msEach));
    const maxBatch = Math.min(config.maxBatch, fits);
    metrics.batchLimit.set(maxBatch);
    const observer = await openObserver(loaded, metrics.registry);
    return {
      loaded,
      decoder,
      recognizer: createRecognizer(decoder, predictor, { ...config, maxBatch }, metrics, observer),
    };
  });
  const recognizer: Promise<Recognizer> = opening.then((opened) => opened.recognizer);
  const ready = opening.then(({ loaded }) => {
    model = loaded;
    if (phase === 'starting') phase = 'ready';
    metrics.ready.set(phase === 'ready' ? 1 : 0);
    const { name, predictor } = loaded;
    metrics.modelInfo.set(
      { model: name, revision: config.revision, backend: predictor.backend },
      1,
    );
    return loaded;
  });
  // The caller has `ready`, and requests that wait get the failure.
  for (const promise of [recognizer, ready]) promise.catch(() => undefined);

  app.removeAllContentTypeParsers();
  acceptForms(app, config);
  handleFailures(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({
      ...safeHeaders,
      'x-request-id': request.id,
      // Clients that keep their connection learn that it is about to end, before it does.
      ...(phase === 'draining' && { connection: 'close' }),
    });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.requests.inc({ method: request.method, route, status: reply.statusCode });
    metrics.duration.observe({ route }, reply.elapsedTime / 1000);
    logRequest(request, reply);
    done();
  });

  app.post('/infer_image', {
    onRequest: (_, reply, done) => {
      metrics.inFlight.set(++inFlight);
      reply.raw.once('close', () => {
        metrics.inFlight.set(--inFlight);
      });
      done();
    },
    handler: async (request, reply) => {
      const photograph = photographIn(request, config.maxUploadBytes);
      metrics.step.observe({ step: 'upload' }, reply.elapsedTime / 1000);
      if (working >= config.maxWaiting) {
        throw new ServiceError(
          'too-busy',
          `${working} photographs are being worked on already`,
          'try again in a second',
        );
      }
      working++;
      try {
        const answer = await (await recognizer).recognize(photograph);
        return { ...answer, model: model?.name, revision: config.revision };
      } finally {
        working--;
      }
    },
  });
  app.route({
    method: ['GET', 'PUT', 'PATCH', 'DELETE'],
    url: '/infer_image',
    handler: (_, reply) => {
      reply.header('allow', 'POST');
      throw new ServiceError(
        'method-not-allowed',
        'photographs are sent with POST',
        'see /docs, or use the page at /',
      );
    },
  });

  const sendPage = (reply: FastifyReply, { html, policy }: Page) =>
    reply.header('content-security-policy', policy).type('text/html; charset=utf-8').send(html);
  app.get('/', (_, reply) => {
    const labels = model?.predictor.contract.labels ?? [];
    return sendPage(reply, homePage(config, model && { name: model.name, labels }));
  });
  app.get('/docs', (request, reply) =>
    sendPage(reply, docsPage(document, `${request.protocol}://${request.host}`)),
  );
  app.get('/openapi.json', () => document);
  app.get('/healthz', (_, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_, reply) => {
    if (phase !== 'ready') void reply.code(503).header('retry-after', '1');
    return { status: phase, revision: config.revision, ...(model && { model: model.name }) };
  });
  app.get('/metrics', async (_, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });

  return {
    app,
    ready,
    died: opening.then(
      ({ loaded, decoder }) => Promise.race([loaded.predictor.died, decoder.died]),
      (error: unknown) => error as Error,
    ),
    async drain() {
      phase = 'draining';
      metrics.ready.set(0);
      await new Promise((resolve) => setTimeout(resolve, config.drainDelayMs));
      await app.close();
      const opened = await opening.catch(() => undefined);
      await Promise.all([opened?.loaded.predictor.end(), opened?.decoder.end()]);
    },
  };
}
