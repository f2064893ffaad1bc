/** The parameters of the train stage, read and checked. */
import { augmentations, type Augmentation } from '../vision/augment.ts';
import { backendChoices, type BackendChoice } from '../vision/backend.ts';
import type { EarlyStoppingRule } from '../vision/early-stopping.ts';
import type { Params } from '../vision/params.ts';
import { StageError } from '../vision/stage-error.ts';
import type { TrainingPlan } from '../vision/trainer.ts';
import { findArchitecture, type Architecture } from '../vision/zoo.ts';

export interface Settings {
  readonly architecture: Architecture;
  readonly inputSize: number;
  readonly width: number;
  readonly dropout: number;
  readonly backend: BackendChoice;
  readonly plan: TrainingPlan;
  /** Between checkpoints within an epoch, in seconds; every epoch ends with one anyway. */
  readonly checkpointSeconds: number;
}

const MONITORS = ['val_accuracy', 'val_loss', 'accuracy', 'loss'] as const;
const DEV_RUN_BATCHES = 2;

/** Throws StageError with the dotted key of the first value that does not fit. */
export function readSettings(params: Params): Settings {
  const architecture = findArchitecture(params.text('model.architecture'));
  const devRun = params.has('train.fast_dev_run') && params.boolean('train.fast_dev_run');
  const rate = params.number('train.lr', { min: 0, max: 10 });
  const plan: TrainingPlan = {
    seed: params.integer('seed', { min: 0 }),
    epochs: devRun ? 1 : params.integer('train.epochs', { min: 1 }),
    batchSize: params.integer('train.batch_size', { min: 2 }),
    encoderRate: rate,
    headRate: given(params, 'train.head_lr')
      ? params.number('train.head_lr', { min: 0, max: 10 })
      : rate,
    weightDecay: params.number('train.weight_decay', { min: 0, max: 10 }),
    labelSmoothing: optional(params, 'train.label_smoothing', 0, { min: 0, max: 0.9 }),
    augmentation: params.choice<Augmentation>('train.augmentation', augmentations),
    schedule: params.choice('train.schedule', ['constant', 'cosine']),
    warmupEpochs: optional(params, 'train.warmup_epochs', 0, { min: 0 }),
    stopping: readStopping(params),
    ...(devRun ? { batchLimit: DEV_RUN_BATCHES } : {}),
  };
  return {
    architecture,
    inputSize: params.integer('model.input_size', { min: 8, max: 1024 }),
    width: optional(params, 'model.width', architecture.defaults.width, { min: 1, max: 1024 }),
    dropout: optional(params, 'model.dropout', 0, { min: 0, max: 0.95 }),
    backend: given(params, 'train.backend')
      ? params.choice('train.backend', backendChoices)
      : 'auto',
    plan,
    checkpointSeconds: optional(params, 'train.checkpoint_seconds', 30, { min: 0 }),
  };
}

/** Without a block `train.early_stopping` every epoch is run; the best is then the one of highest val_accuracy. */
function readStopping(params: Params): EarlyStoppingRule {
  if (!given(params, 'train.early_stopping')) {
    return {
      monitor: 'val_accuracy',
      mode: 'max',
      patience: Infinity,
      minDelta: 0,
      checkFinite: true,
    };
  }
  const rule = 'train.early_stopping';
  const monitor = params.choice(`${rule}.monitor`, MONITORS);
  const mode = params.choice(`${rule}.mode`, ['min', 'max']);
  const wanted = monitor.endsWith('loss') ? 'min' : 'max';
  if (mode !== wanted) {
    throw new StageError(
      `${rule}.mode is ${mode}, but ${monitor} is better when it is ${wanted === 'min' ? 'low' : 'high'}`,
      `set ${rule}.mode=${wanted}`,
    );
  }
  const threshold = `${rule}.stopping_threshold`;
  return {
    monitor,
    mode,
    patience: params.integer(`${rule}.patience`, { min: 1 }),
    minDelta: optional(params, `${rule}.min_delta`, 0, { min: 0 }),
    checkFinite: given(params, `${rule}.check_finite`)
      ? params.boolean(`${rule}.check_finite`)
      : true,
    ...(given(params, threshold) ? { stoppingThreshold: params.number(threshold) } : {}),
  };
}

function optional(
  params: Params,
  key: string,
  fallback: number,
  range: { min?: number; max?: number },
): number {
  return given(params, key) ? params.number(key, range) : fallback;
}

/** In YAML `key: null` and no key at all mean the same. */
function given(params: Params, key: string): boolean {
  return params.has(key) && params.value(key) !== null;
}
