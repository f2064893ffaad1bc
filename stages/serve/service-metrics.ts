/** What the service counts, in Prometheus' format. One registry a service, so that tests can have several. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface ServiceMetrics {
  readonly registry: Registry;
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly duration: Histogram<'route'>;
  readonly step: Histogram<'step'>;
  readonly batchSize: Histogram;
  readonly batchLimit: Gauge;
  readonly predictions: Counter<'species'>;
  readonly confidence: Histogram;
  readonly inFlight: Gauge;
  readonly ready: Gauge;
  readonly modelInfo: Gauge<'model' | 'revision' | 'backend'>;
}

export function createServiceMetrics(): ServiceMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Counter({
      name: 'aviansight_http_requests_total',
      help: 'Requests answered',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    duration: new Histogram({
      name: 'aviansight_http_request_duration_seconds',
      help: 'Time from the request to the end of its answer',
      labelNames: ['route'],
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
      registers,
    }),
    step: new Histogram({
      name: 'aviansight_step_duration_seconds',
      help: 'Time that a photograph spends being uploaded, decoded, and waiting for and in the model',
      labelNames: ['step'],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
      registers,
    }),
    batchSize: new Histogram({
      name: 'aviansight_batch_size',
      help: 'Photographs that one call of the model answered',
      buckets: [1, 2, 4, 8, 16, 32, 64],
      registers,
    }),
    batchLimit: new Gauge({
      name: 'aviansight_batch_limit',
      help: 'Photographs that one call may answer: MAX_BATCH, or what BATCH_MS has room for',
      registers,
    }),
    predictions: new Counter({
      name: 'aviansight_predictions_total',
      help: 'Photographs by the species that was answered',
      labelNames: ['species'],
      registers,
    }),
    confidence: new Histogram({
      name: 'aviansight_confidence',
      help: 'Probability of the species that was answered',
      buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1],
      registers,
    }),
    inFlight: new Gauge({
      name: 'aviansight_photographs_in_flight',
      help: 'Photographs that are being worked on',
      registers,
    }),
    ready: new Gauge({ name: 'aviansight_ready', help: '1 when /readyz says yes', registers }),
    modelInfo: new Gauge({
      name: 'aviansight_model_info',
      help: 'Always 1; the labels say what is deployed',
      labelNames: ['model', 'revision', 'backend'],
      registers,
    }),
  };
}
