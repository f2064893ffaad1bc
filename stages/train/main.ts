/** The train stage: birds and their statistics in, a model with its contract and a history out. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBackend } from '../vision/backend.ts';
import type { ModelContract, ModelInput } from '../vision/contract.ts';
import { loadSplit, type LoadedSplit } from '../vision/dataset.ts';
import type { Split } from '../vision/manifest.ts';
import { setModelWeights } from '../vision/learner.ts';
import { saveModel } from '../vision/model-files.ts';
import { createProfiler, profileTable, type Profiler } from '../vision/profiler.ts';
import { runStage, StageError, writeJson, type StageIo } from '../vision/stage.ts';
import {
  forgetCheckpoint,
  runTraining,
  type TrainingEnd,
  type TrainingJob,
} from '../vision/trainer.ts';
import { recordHistory } from './history.ts';
import { readSettings, type Settings } from './settings.ts';

await runStage(main);

async function main(io: StageIo): Promise<void> {
  const flags = io.flags({
    data: 'required',
    stats: 'required',
    out: 'required',
    history: 'required',
    metrics: 'optional',
    profile: 'switch',
  });
  const settings = readSettings(io.params());
  const startedAt = performance.now();
  const profiler = createProfiler();

  const backend = await profiler.measureAsync('backend', () =>
    openBackend({ prefer: settings.backend }),
  );
  io.say(`backend ${backend.describe}`);
  io.fact('backend', backend.name);
  if (backend.device !== undefined) io.fact('device', backend.device);
  const input = await describeInput(settings, flags.stats);
  const train = await loadPictures(io, profiler, flags.data, 'train', input);
  const val = await loadPictures(io, profiler, flags.data, 'val', input);

  const model = settings.architecture.build({
    inputSize: settings.inputSize,
    classes: train.classes.length,
    width: settings.width,
    dropout: settings.dropout,
    seed: settings.plan.seed,
  });
  io.say(`${settings.architecture.name}, ${model.countParams()} parameters, ${train.count} images`);

  const stopSignal = listenForStop();
  const job: TrainingJob = {
    model,
    plan: settings.plan,
    input,
    train,
    val,
    profiler,
    observer: recordHistory(flags.history, io.say, settings.plan.epochs),
    signal: stopSignal.signal,
    ...(io.checkpoint === undefined
      ? {}
      : {
          checkpoint: {
            dir: io.checkpoint,
            key: await trainingKey(settings, backend.name, input, flags.data),
            everyMs: settings.checkpointSeconds * 1000,
          },
        }),
  };
  const end = await runTraining(job);
  if (end.kind === 'interrupted') {
    const kept = io.checkpoint === undefined ? 'nothing is kept' : 'the next run goes on from here';
    io.say(`interrupted in epoch ${end.epoch} after step ${end.step}; ${kept}`);
    process.exitCode = stopSignal.exitCode();
    return;
  }

  const contract = describeModel(settings, input, train.classes, backend.name, end);
  await writeModels(job, end, contract, flags.out, join(flags.history, 'last'));
  if (flags.metrics !== undefined) {
    await writeJson(flags.metrics, metricsOf(end, model.countParams(), backend.name));
  }
  await forgetCheckpoint(job);
  io.fact('images_per_second', end.imagesPerSecond.toFixed(1));
  io.say(describeEnd(end));
  if (flags.profile) {
    const wholeMs = performance.now() - startedAt;
    const actions = profiler.totals();
    await writeJson(join(flags.history, 'profile.json'), { whole_ms: wholeMs, actions });
    io.say(profileTable(actions, wholeMs));
  }
}

async function describeInput(settings: Settings, statsPath: string): Promise<ModelInput> {
  let stats: { mean?: unknown; std?: unknown };
  try {
    stats = JSON.parse(await readFile(statsPath, 'utf8')) as typeof stats;
  } catch (error) {
    throw new StageError(
      `the statistics in ${statsPath} cannot be read: ${(error as Error).message}`,
      'run the stats stage first',
    );
  }
  return {
    height: settings.inputSize,
    width: settings.inputSize,
    channels: 3,
    ...settings.architecture.input,
    mean: threeNumbers(stats.mean, `mean in ${statsPath}`),
    // A channel that never changes must not be divided by zero.
    std: threeNumbers(stats.std, `std in ${statsPath}`).map((value) =>
      Math.max(value, 1e-3),
    ) as unknown as ModelInput['std'],
  };
}

function threeNumbers(value: unknown, what: string): ModelInput['mean'] {
  if (Array.isArray(value) && value.length === 3 && value.every(Number.isFinite)) {
    return value as unknown as ModelInput['mean'];
  }
  throw new StageError(`${what} is not three numbers`, 'run the stats stage again');
}

async function loadPictures(
  io: StageIo,
  profiler: Profiler,
  dir: string,
  split: Split,
  input: ModelInput,
): Promise<LoadedSplit> {
  let tell: ((done: number) => void) | undefined;
  const pictures = await profiler.measureAsync('load', () =>
    loadSplit(dir, split, input, {
      onProgress: (done, total) => {
        tell ??= io.progress(`decode ${split}`, total);
        tell(done);
      },
    }),
  );
  if (pictures.count < 2) {
    throw new StageError(
      `the split ${split} of ${dir} has ${pictures.count} images, training needs at least 2`,
      'give the data set more images, or a larger share to that split',
    );
  }
  return pictures;
}

/** Digest of all that the weights depend on: a checkpoint of anything else is not taken up. */
async function trainingKey(
  settings: Settings,
  backend: string,
  input: ModelInput,
  dataDir: string,
): Promise<string> {
  const manifest = await readFile(join(dataDir, 'manifest.json'));
  const { architecture, checkpointSeconds: _, ...rest } = settings;
  return createHash('sha256')
    .update(JSON.stringify({ ...rest, architecture: architecture.name, backend, input }))
    .update(manifest)
    .digest('hex');
}

/** SIGTERM and SIGINT ask the training to put itself away; the exit code is the shell's for that signal. */
function listenForStop(): { signal: AbortSignal; exitCode: () => number } {
  const controller = new AbortController();
  let code = 0;
  const stop = (exitCode: number) => () => {
    code = exitCode;
    controller.abort();
  };
  process.on('SIGTERM', stop(143));
  process.on('SIGINT', stop(130));
  return { signal: controller.signal, exitCode: () => code };
}

type Finished = Extract<TrainingEnd, { kind: 'finished' }>;

function describeModel(
  settings: Settings,
  input: ModelInput,
  labels: readonly string[],
  backend: string,
  end: Finished,
): ModelContract {
  return {
    version: 1,
    architecture: settings.architecture.name,
    input,
    labels,
    training: {
      backend,
      seed: settings.plan.seed,
      epochs: end.epochs.length,
      best_epoch: end.best.epoch,
      val_accuracy: end.best.val_accuracy,
    },
  };
}

/** The best weights go to `out`, the last ones beside the history. */
async function writeModels(
  job: TrainingJob,
  end: Finished,
  contract: ModelContract,
  out: string,
  last: string,
): Promise<void> {
  await saveModel(last, job.model, contract);
  setModelWeights(job.model, end.bestWeights);
  await saveModel(out, job.model, contract);
}

function metricsOf(end: Finished, params: number, backend: string): Record<string, unknown> {
  const { best } = end;
  return {
    val_accuracy: best.val_accuracy,
    val_loss: best.val_loss,
    accuracy: best.accuracy,
    loss: best.loss,
    best_epoch: best.epoch,
    epochs: end.epochs.length,
    params,
    backend,
  };
}

function describeEnd({ best, epochs, stopped, imagesPerSecond }: Finished): string {
  const why = stopped === undefined ? '' : `, stopped early: ${stopped}`;
  return (
    `val_accuracy ${best.val_accuracy.toFixed(3)} in epoch ${best.epoch} of ${epochs.length}${why}, ` +
    `${Math.round(imagesPerSecond)} images/s`
  );
}
