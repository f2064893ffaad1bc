/** Starts the service; `--help` prints what it can be told. Ends after SIGTERM or SIGINT, when every request is answered. */
import { createDriftWatch } from '../drift/service-watch.ts';
import { buildService } from './app.ts';
import { describeConfig, readConfig } from './config.ts';
import { openLogStream } from './log-stream.ts';
import { openServedModel } from './model.ts';

if (process.argv.includes('--help')) {
  process.stdout.write(`AvianSight's service. Environment variables:\n\n${describeConfig()}\n`);
  process.exit(0);
}
const read = readConfig(process.env);
if (read.kind === 'wrong') {
  for (const problem of read.problems) process.stderr.write(`error: ${problem}\n`);
  process.stderr.write('hint: start with --help to see every variable\n');
  process.exit(64);
}
const { config } = read;

let ending = false;
const drift = createDriftWatch(config.driftReference);
const { app, ready, died, drain } = await buildService(
  config,
  openServedModel(config.modelDir, {
    workers: config.inferenceWorkers || undefined,
    threads: config.inferenceThreads || undefined,
  }),
  { openObserver: drift.openObserver, logStream: openLogStream(1) },
);
drift.addRoute(app);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void end(signal);
  });
}

ready.then(
  ({ name, predictor: { backend, instead } }) => {
    if (ending) return;
    app.log.info({ model: name, backend }, `ready with ${name} on ${backend}`);
    if (instead !== undefined) app.log.warn(`it could be faster on onnxruntime, but: ${instead}`);
    void died.then((error) => {
      if (ending) return;
      // Without its threads the service can only fail; a new process is the supervisor's work.
      app.log.fatal({ stack_trace: error.stack }, error.message);
      process.exit(1);
    });
  },
  (error: unknown) => {
    const { message, hint } = error as { message: string; hint?: string };
    app.log.fatal({ hint }, `the model cannot be loaded: ${message}`);
    process.exit(1);
  },
);

try {
  await app.listen({ host: config.host, port: config.port });
  app.log.info({ url: reachableUrl() }, `listening on ${reachableUrl()}`);
} catch (error) {
  ending = true;
  // A model that is being loaded cannot be let go of before it is there.
  await drain();
  app.log.fatal(`cannot listen: ${(error as Error).message}`);
  process.exit(1);
}

async function end(signal: string): Promise<void> {
  ending = true;
  app.log.info(`${signal}: answering what is under way, then ending`);
  setTimeout(() => {
    app.log.error(`requests still run after ${config.drainTimeoutMs} ms; ending all the same`);
    // onnxruntime aborts a process that ends while a model is being loaded.
    void Promise.allSettled([ready]).then(() => process.exit(1));
  }, config.drainTimeoutMs).unref();
  await drain();
  app.log.info('every request is answered');
  process.exit(0);
}

/** Where this machine reaches the service; the port is the real one where 0 was asked for. */
function reachableUrl(): string {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('bug: not listening');
  const wildcard = address.address === '0.0.0.0' || address.address === '::';
  const host = wildcard ? '127.0.0.1' : address.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
