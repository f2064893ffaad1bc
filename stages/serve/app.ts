/** The HTTP service: routes, limits and states around one model. */
import multipart from '@fastify/multipart';
import Fastify, { LogController, type FastifyInstance, type FastifyReply } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { ServiceConfig } from './config.ts';
import { docsPage } from './docs-page.ts';
import { handleFailures } from './failures.ts';
import { homePage } from './home-page.ts';
import { loggerOptions, logRequest } from './log.ts';
import type { ServedModel } from './model.ts';
import { observeNothing, type OpenObserver } from './observer.ts';
import { openApiDocument } from './openapi.ts';
import type { Page } from './page.ts';
import { createRecognizer, type Recognizer } from './recognizer.ts';
import { ServiceError } from './service-error.ts';
import { createServiceMetrics } from './service-metrics.ts';
import { readPhotograph } from './upload.ts';

type Phase = 'starting' | 'ready' | 'draining';

export interface ServiceOptions {
  readonly logStream?: { write(line: string): void };
  readonly openObserver?: OpenObserver;
}

export interface Service {
  readonly app: FastifyInstance;
  /** Says "not ready" for `drainDelayMs`, then takes no new connection; resolves when every request is answered. */
  readonly drain: () => Promise<void>;
}

/**
 * Builds the service around a model that may still be loading: requests that come early wait for it.
 * The caller listens, and handles a model that cannot be loaded.
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
    genReqId: () => randomUUID(),
    requestTimeout: 60_000, // a client that sends a byte a minute must not hold a slot for ever
    routerOptions: { ignoreTrailingSlash: true },
  });
  const metrics = createServiceMetrics();
  const document = openApiDocument(config);
  let phase: Phase = 'starting';
  let model: ServedModel | undefined;
  let inFlight = 0;

  const recognizer: Promise<Recognizer> = loading.then(async (loaded) => {
    const observer = await openObserver(loaded, metrics.registry);
    model = loaded;
    if (phase === 'starting') phase = 'ready';
    metrics.ready.set(1);
    const { name, predictor } = loaded;
    metrics.modelInfo.set(
      { model: name, revision: config.revision, backend: predictor.backend },
      1,
    );
    return createRecognizer(predictor, config, metrics, observer);
  });
  recognizer.catch(() => undefined); // the caller has `loading` itself; requests that wait get the failure

  app.removeAllContentTypeParsers();
  await app.register(multipart);
  handleFailures(app);
  app.addHook('onRequest', (_, reply, done) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.requests.inc({ method: request.method, route, status: reply.statusCode });
    metrics.duration.observe({ route }, reply.elapsedTime / 1000);
    logRequest(request, reply);
    done();
  });

  app.post('/infer_image', async (request) => {
    if (inFlight >= config.maxWaiting) {
      throw new ServiceError(
        'too-busy',
        `${inFlight} photographs are being worked on already`,
        'try again in a second',
      );
    }
    inFlight++;
    metrics.inFlight.set(inFlight);
    try {
      const started = performance.now();
      const photograph = await readPhotograph(request, config.maxUploadBytes);
      metrics.step.observe({ step: 'upload' }, (performance.now() - started) / 1000);
      const answer = await (await recognizer).recognize(photograph);
      return { ...answer, model: model?.name, revision: config.revision };
    } finally {
      inFlight--;
      metrics.inFlight.set(inFlight);
    }
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
    async drain() {
      phase = 'draining';
      metrics.ready.set(0);
      await new Promise((resolve) => setTimeout(resolve, config.drainDelayMs));
      await app.close();
      model?.predictor.dispose();
    },
  };
}
