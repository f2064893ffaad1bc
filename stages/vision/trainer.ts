/** The training loop: epochs of steps, validation, best and last weights, early stopping, checkpoints. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Augmentation } from './augment.ts';
import { chunks, createBatcher, epochOrder, type Pictures } from './batches.ts';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { ModelInput } from './contract.ts';
import {
  describeStop,
  earlyStoppingStart,
  improves,
  observe,
  type EarlyStoppingRule,
  type EarlyStoppingState,
} from './early-stopping.ts';
import { createLearner, type Learner, type Score } from './learner.ts';
import type { Profiler } from './profiler.ts';
import { rateFactor, type ScheduleKind } from './schedule.ts';

export interface TrainingPlan {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly encoderRate: number;
  readonly headRate: number;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  readonly augmentation: Augmentation;
  readonly schedule: ScheduleKind;
  readonly warmupEpochs: number;
  /** What decides which epoch is the best one, and when to stop. */
  readonly stopping: EarlyStoppingRule;
  /** Batches of each split that an epoch uses; for trying out a configuration. */
  readonly batchLimit?: number;
}

export interface StepRow {
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly lr: number;
}

export interface EpochRow extends StepRow {
  readonly val_loss: number;
  readonly val_accuracy: number;
}

export interface Observer {
  /** Called once, with the rows of what a checkpoint brings back. */
  resumed(steps: readonly StepRow[], epochs: readonly EpochRow[]): void;
  step(row: StepRow, done: StepProgress): void;
  epoch(row: EpochRow, end: { readonly best: boolean; readonly seconds: number }): void;
}

export interface StepProgress {
  readonly stepsDone: number;
  readonly stepsTotal: number;
  /** In this process, since its first step; 0 before there is a rate. */
  readonly imagesPerSecond: number;
}

export interface TrainingJob {
  readonly model: LayersModel;
  readonly plan: TrainingPlan;
  readonly input: Pick<ModelInput, 'mean' | 'std'>;
  readonly train: Pictures;
  readonly val: Pictures;
  readonly profiler: Profiler;
  readonly observer: Observer;
  /** Where to put checkpoints, and the digest of what this training depends on. */
  readonly checkpoint?: { readonly dir: string; readonly key: string; readonly everyMs: number };
  /** Aborted: the training puts itself away at the next step. */
  readonly signal?: AbortSignal;
}

export type TrainingEnd =
  | {
      readonly kind: 'finished';
      readonly epochs: readonly EpochRow[];
      readonly best: EpochRow;
      readonly bestWeights: readonly Float32Array[];
      readonly lastWeights: readonly Float32Array[];
      readonly imagesPerSecond: number;
      /** Why it ended before the last epoch, undefined where it did not. */
      readonly stopped: string | undefined;
    }
  | { readonly kind: 'interrupted'; readonly epoch: number; readonly step: number };

/** All of a training's state but the numbers in tensors. Order and augmentation follow from seed, epoch and picture. */
interface Progress {
  /** Finished epochs, and the steps done in the one that follows. */
  epoch: number;
  stepInEpoch: number;
  step: number;
  sums: Score;
  stopping: EarlyStoppingState;
  bestEpoch: number;
  steps: StepRow[];
  epochs: EpochRow[];
}

const EMPTY: Score = { loss: 0, correct: 0, seen: 0 };
const SCORING_BATCH = 64;

/** Trains `job.model` in place, from its checkpoint where there is one; the model ends with the last weights. */
export async function runTraining(job: TrainingJob): Promise<TrainingEnd> {
  const { model, plan, observer, checkpoint } = job;
  const learner = createLearner(model, plan);
  const batches = createBatcher(job.train, job.input, plan.seed);
  const stepsPerEpoch = limited(Math.ceil(job.train.count / plan.batchSize), plan.batchLimit);
  const schedule = {
    kind: plan.schedule,
    warmupSteps: Math.round(plan.warmupEpochs * stepsPerEpoch),
    totalSteps: plan.epochs * stepsPerEpoch,
  };
  let { progress, bestWeights } = await takeUp(job, learner);
  let savedAt = performance.now();
  let imagesHere = 0;
  const startedAt = performance.now();
  const rate = (): number => (1000 * imagesHere) / Math.max(1, performance.now() - startedAt);

  const save = async (): Promise<void> => {
    if (checkpoint === undefined) return;
    await job.profiler.measureAsync('checkpoint', async () => {
      const [weights, moments] = await Promise.all([learner.weights(), learner.moments()]);
      const tensors = { weights, moments, best: bestWeights };
      await writeCheckpoint(checkpoint.dir, { key: checkpoint.key, progress, tensors });
    });
    savedAt = performance.now();
  };

  while (progress.epoch < plan.epochs && progress.stopping.stop === null) {
    const epoch = progress.epoch + 1;
    const epochStart = performance.now();
    const parts = chunks(epochOrder(plan.seed, epoch, job.train.count), plan.batchSize);
    for (const indices of parts.slice(progress.stepInEpoch, stepsPerEpoch)) {
      if (job.signal?.aborted === true) {
        await save();
        learner.dispose();
        return { kind: 'interrupted', epoch, step: progress.step };
      }
      const batch = job.profiler.measure('data', () => batches(indices, plan.augmentation, epoch));
      const factor = rateFactor(schedule, progress.step);
      const score = await job.profiler.measureAsync('step', () =>
        learner.learn(batch, progress.step, factor),
      );
      progress.step += 1;
      progress.stepInEpoch += 1;
      progress.sums = plus(progress.sums, score);
      imagesHere += score.seen;
      const row = { epoch, step: progress.step, ...means(score), lr: plan.encoderRate * factor };
      progress.steps.push(row);
      observer.step(row, {
        stepsDone: progress.step,
        stepsTotal: schedule.totalSteps,
        imagesPerSecond: rate(),
      });
      if (checkpoint !== undefined && performance.now() - savedAt > checkpoint.everyMs)
        await save();
      // A turn of the event loop, so that signals and timers are heard between steps.
      await new Promise((resolve) => setImmediate(resolve));
    }

    const validation = await job.profiler.measureAsync('validation', () => validate(job, learner));
    const row: EpochRow = {
      epoch,
      step: progress.step,
      ...means(progress.sums),
      val_loss: means(validation).loss,
      val_accuracy: means(validation).accuracy,
      lr: plan.encoderRate * rateFactor(schedule, progress.step - 1),
    };
    const best = isBest(plan.stopping, row, progress.epochs[progress.bestEpoch - 1]);
    if (best) bestWeights = await learner.weights();
    progress = {
      ...progress,
      epoch,
      stepInEpoch: 0,
      sums: EMPTY,
      bestEpoch: best ? epoch : progress.bestEpoch,
      stopping: observe(plan.stopping, progress.stopping, epoch, monitored(plan.stopping, row)),
      epochs: [...progress.epochs, row],
    };
    observer.epoch(row, { best, seconds: (performance.now() - epochStart) / 1000 });
    await save();
  }

  const lastWeights = await learner.weights();
  learner.dispose();
  const best = progress.epochs[progress.bestEpoch - 1];
  if (best === undefined) throw new Error('bug: a training without epochs');
  const { stop } = progress.stopping;
  return {
    kind: 'finished',
    epochs: progress.epochs,
    best,
    bestWeights,
    lastWeights,
    imagesPerSecond: rate(),
    stopped: stop === null ? undefined : describeStop(plan.stopping, stop),
  };
}

/** To be called once the model is written: until then a kill can still resume from the last epoch. */
export async function forgetCheckpoint(job: TrainingJob): Promise<void> {
  if (job.checkpoint !== undefined) await removeCheckpoint(job.checkpoint.dir);
}

async function takeUp(
  job: TrainingJob,
  learner: Learner,
): Promise<{ progress: Progress; bestWeights: readonly Float32Array[] }> {
  const { checkpoint, observer } = job;
  const found = checkpoint && (await readCheckpoint<Progress>(checkpoint.dir, checkpoint.key));
  const { weights, moments, best } = found?.tensors ?? {};
  if (found === undefined || weights === undefined || moments === undefined) {
    const progress: Progress = {
      epoch: 0,
      stepInEpoch: 0,
      step: 0,
      sums: EMPTY,
      stopping: earlyStoppingStart,
      bestEpoch: 0,
      steps: [],
      epochs: [],
    };
    return { progress, bestWeights: [] };
  }
  learner.setWeights(weights);
  learner.setMoments(moments, found.progress.step);
  observer.resumed(found.progress.steps, found.progress.epochs);
  return { progress: found.progress, bestWeights: best ?? [] };
}

async function validate(job: TrainingJob, learner: Learner): Promise<Score> {
  const batches = createBatcher(job.val, job.input, job.plan.seed);
  const indices = Array.from({ length: job.val.count }, (_, i) => i);
  const parts = chunks(indices, SCORING_BATCH);
  let sums = EMPTY;
  for (const part of parts.slice(0, limited(parts.length, job.plan.batchLimit))) {
    sums = plus(sums, await learner.score(batches(part, 'none', 0)));
  }
  return sums;
}

/** Better by what is monitored; where that is equal, by validation loss. The first epoch always is the best so far. */
function isBest(rule: EarlyStoppingRule, row: EpochRow, best: EpochRow | undefined): boolean {
  if (best === undefined) return true;
  const exactly = { ...rule, minDelta: 0 };
  const [value, bestValue] = [monitored(rule, row), monitored(rule, best)];
  if (!Number.isFinite(bestValue)) return Number.isFinite(value);
  return (
    improves(exactly, value, bestValue) || (value === bestValue && row.val_loss < best.val_loss)
  );
}

function monitored(rule: EarlyStoppingRule, row: EpochRow): number {
  const value = (row as unknown as Record<string, number>)[rule.monitor];
  if (value === undefined) throw new Error(`bug: ${rule.monitor} is not measured`);
  return value;
}

function means({ loss, correct, seen }: Score): { loss: number; accuracy: number } {
  return { loss: loss / seen, accuracy: correct / seen };
}

function plus(a: Score, b: Score): Score {
  return { loss: a.loss + b.loss, correct: a.correct + b.correct, seen: a.seen + b.seen };
}

function limited(count: number, limit: number | undefined): number {
  return limit === undefined ? count : Math.min(count, limit);
}
