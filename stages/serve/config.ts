/** Everything the service can be told, each from one environment variable. This table is the documentation. */

export interface ServiceConfig {
  readonly host: string;
  readonly port: number;
  readonly modelDir: string;
  readonly driftReference: string;
  readonly revision: string;
  readonly maxUploadBytes: number;
  readonly maxPixels: number;
  readonly maxBatch: number;
  readonly batchDelayMs: number;
  readonly maxWaiting: number;
  readonly maxBufferedBytes: number;
  readonly maxConnections: number;
  readonly requestTimeoutMs: number;
  /** How long one call of the model may take, as measured when it was loaded. */
  readonly batchMs: number;
  /** 0: as many as the machine has cores. */
  readonly inferenceWorkers: number;
  /** 0: the cores, shared out among the workers. */
  readonly inferenceThreads: number;
  readonly decodeThreads: number;
  /** Empty where it is not known. */
  readonly project: string;
  readonly drainDelayMs: number;
  readonly drainTimeoutMs: number;
  readonly logLevel: LogLevel;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

interface NumberSetting {
  readonly variable: string;
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
  readonly meaning: string;
}

const numbers = {
  port: {
    variable: 'PORT',
    fallback: 8080,
    least: 0,
    most: 65_535,
    meaning: 'TCP port; 0 takes a free one, which the log line with "url" names',
  },
  maxUploadBytes: {
    variable: 'MAX_UPLOAD_BYTES',
    fallback: 10 * 2 ** 20,
    least: 1024,
    most: 2 ** 30,
    meaning: 'size of the largest photograph that is accepted',
  },
  maxPixels: {
    variable: 'MAX_PIXELS',
    fallback: 40_000_000,
    least: 1,
    most: 1_000_000_000,
    meaning: 'height times width of the largest photograph that is decoded',
  },
  maxBatch: {
    variable: 'MAX_BATCH',
    fallback: 16,
    least: 1,
    most: 1024,
    meaning: 'photographs that one call of the model may answer',
  },
  batchDelayMs: {
    variable: 'BATCH_DELAY_MS',
    fallback: 0,
    least: 0,
    most: 1000,
    // Measured on two cores: waiting for company never paid, since what arrives during a batch forms the next one.
    meaning: 'how long a lone photograph waits for company when the model is idle',
  },
  maxWaiting: {
    variable: 'MAX_WAITING',
    fallback: 64,
    least: 1,
    most: 100_000,
    meaning: 'photographs that may be worked on or wait for the model; the next one gets 503',
  },
  maxBufferedBytes: {
    variable: 'MAX_BUFFERED_BYTES',
    fallback: 128 * 2 ** 20,
    least: 2 ** 20,
    most: 2 ** 40,
    meaning: 'size of all photographs together that are in memory; who brings more gets 503',
  },
  maxConnections: {
    variable: 'MAX_CONNECTIONS',
    fallback: 1000,
    least: 1,
    most: 1_000_000,
    meaning: 'connections that are open at once; the next one is closed',
  },
  requestTimeoutMs: {
    variable: 'REQUEST_TIMEOUT_MS',
    fallback: 60_000,
    least: 100,
    most: 3_600_000,
    meaning: 'how long a request may take to arrive; then 408',
  },
  batchMs: {
    variable: 'BATCH_MS',
    fallback: 10,
    least: 1,
    most: 10_000,
    meaning: 'how long such a call may take: it answers fewer where MAX_BATCH would take longer',
  },
  inferenceWorkers: {
    variable: 'INFERENCE_WORKERS',
    fallback: 0,
    least: 0,
    most: 256,
    meaning:
      'calls of the model that run side by side, each with the model in memory; 0: one a core',
  },
  inferenceThreads: {
    variable: 'INFERENCE_THREADS',
    fallback: 0,
    least: 0,
    most: 256,
    meaning: 'threads that one call of the model computes with; 0: cores / INFERENCE_WORKERS',
  },
  decodeThreads: {
    variable: 'DECODE_THREADS',
    fallback: 1,
    least: 1,
    most: 64,
    meaning:
      'threads that turn photographs into pixels, but for JPEGs of the size that the model reads',
  },
  drainDelayMs: {
    variable: 'DRAIN_DELAY_MS',
    fallback: 500,
    least: 0,
    most: 60_000,
    meaning: 'after SIGTERM: how long /readyz says 503 while requests are still taken',
  },
  drainTimeoutMs: {
    variable: 'DRAIN_TIMEOUT_MS',
    fallback: 9000, // Cloud Run kills 10 s after SIGTERM
    least: 0,
    most: 600_000,
    meaning: 'after SIGTERM: when the process ends although a request still runs',
  },
} satisfies Record<string, NumberSetting>;

const texts = {
  host: { variables: ['HOST'], fallback: '0.0.0.0', meaning: 'address to listen on' },
  modelDir: {
    variables: ['MODEL_DIR'],
    fallback: 'model',
    meaning: 'folder of the model: model.json, weights.bin, contract.json',
  },
  driftReference: {
    variables: ['DRIFT_REFERENCE'],
    fallback: '',
    meaning: 'file that drift is judged by; unless given, drift.json in the folder of the model',
  },
  revision: {
    variables: ['REVISION', 'K_REVISION'],
    fallback: 'unnamed',
    meaning: 'name of this deployment, repeated in every answer',
  },
  project: {
    variables: ['GOOGLE_CLOUD_PROJECT'],
    fallback: '',
    meaning: 'project in whose traces log lines are shown',
  },
} as const;

const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

export type ConfigRead =
  { kind: 'ok'; config: ServiceConfig } | { kind: 'wrong'; problems: readonly string[] };

/** Reads the configuration out of environment variables; an empty one counts as absent. All problems at once. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ConfigRead {
  const problems: string[] = [];

  const text = (name: keyof typeof texts): string => {
    const { variables, fallback } = texts[name];
    return variables.map((variable) => env[variable]).find((value) => value) ?? fallback;
  };
  const number = (name: keyof typeof numbers): number => {
    const { variable, fallback, least, most } = numbers[name];
    const given = env[variable];
    if (given === undefined || given === '') return fallback;
    const value = Number(given);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    problems.push(`${variable}=${given} is not a whole number from ${least} to ${most}`);
    return fallback;
  };
  const logLevel = (): LogLevel => {
    const given = env['LOG_LEVEL'] || 'info';
    const level = logLevels.find((known) => known === given);
    if (level === undefined) problems.push(`LOG_LEVEL=${given} is none of ${logLevels.join(', ')}`);
    return level ?? 'info';
  };

  const config: ServiceConfig = {
    host: text('host'),
    port: number('port'),
    modelDir: text('modelDir'),
    driftReference: text('driftReference') || `${text('modelDir')}/drift.json`,
    revision: text('revision'),
    maxUploadBytes: number('maxUploadBytes'),
    maxPixels: number('maxPixels'),
    maxBatch: number('maxBatch'),
    batchDelayMs: number('batchDelayMs'),
    maxWaiting: number('maxWaiting'),
    maxBufferedBytes: number('maxBufferedBytes'),
    maxConnections: number('maxConnections'),
    requestTimeoutMs: number('requestTimeoutMs'),
    batchMs: number('batchMs'),
    inferenceWorkers: number('inferenceWorkers'),
    inferenceThreads: number('inferenceThreads'),
    decodeThreads: number('decodeThreads'),
    project: text('project'),
    drainDelayMs: number('drainDelayMs'),
    drainTimeoutMs: number('drainTimeoutMs'),
    logLevel: logLevel(),
  };
  if (config.maxBufferedBytes < config.maxUploadBytes * 2) {
    problems.push(
      `MAX_BUFFERED_BYTES=${config.maxBufferedBytes} has no room for two photographs of MAX_UPLOAD_BYTES=${config.maxUploadBytes}`,
    );
  }
  return problems.length === 0 ? { kind: 'ok', config } : { kind: 'wrong', problems };
}

/** One line a variable, for `--help`. */
export function describeConfig(): string {
  const rows = [
    ...Object.values(texts).map((s) => [s.variables.join(' or '), s.fallback, s.meaning]),
    ...Object.values(numbers).map((s) => [s.variable, String(s.fallback), s.meaning]),
    ['LOG_LEVEL', 'info', logLevels.join(', ')],
  ];
  return rows
    .map(([variable = '', fallback = '', meaning = '']) => {
      return `  ${variable.padEnd(24)}${fallback.padEnd(12)}${meaning}`;
    })
    .join('\n');
}
