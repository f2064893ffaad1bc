/** What a training leaves to read: steps.jsonl and epochs.jsonl, one JSON object a line, and the lines people see. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochRow, Observer } from '../vision/trainer.ts';

/** Writing is synchronous: a row is 100 bytes, and a killed process has written what it has seen. */
export function recordHistory(
  dir: string,
  say: (line: string) => void,
  epochs: number,
  now: () => number = () => performance.now(),
): Observer {
  const steps = join(dir, 'steps.jsonl');
  const ends = join(dir, 'epochs.jsonl');
  mkdirSync(dir, { recursive: true });
  writeFileSync(steps, '');
  writeFileSync(ends, '');
  let spokenAt = -Infinity;
  let first: { at: number; done: number } | undefined;

  return {
    resumed(stepRows, epochRows) {
      writeFileSync(steps, lines(stepRows));
      writeFileSync(ends, lines(epochRows));
      const { length } = stepRows;
      say(`resumed after ${epochRows.length} of ${epochs} epochs, step ${length}`);
    },
    step(row, { stepsDone, stepsTotal, imagesPerSecond }) {
      appendFileSync(steps, lines([row]));
      if (now() - spokenAt < SPEAK_EVERY_MS) return;
      spokenAt = now();
      const perStep = imagesPerSecond > 0 ? `${Math.round(imagesPerSecond)} images/s` : '';
      const eta = remaining(stepsTotal - stepsDone, stepsDone, now());
      say(
        `epoch ${row.epoch} of ${epochs}  step ${stepsDone} of ${stepsTotal}  ` +
          `loss ${row.loss.toFixed(3)}  ${perStep}${eta}`,
      );
    },
    epoch(row, end) {
      appendFileSync(ends, lines([row]));
      spokenAt = now();
      say(describeEpoch(row, epochs, end));
    },
  };

  function remaining(left: number, done: number, at: number): string {
    first ??= { at, done };
    const here = done - first.done;
    if (here < 1) return '';
    return `  ${duration(((at - first.at) / here) * left)} left`;
  }
}

const SPEAK_EVERY_MS = 1000;

function describeEpoch(
  row: EpochRow,
  epochs: number,
  { best, seconds }: Parameters<Observer['epoch']>[1],
): string {
  return (
    `epoch ${row.epoch} of ${epochs}  loss ${row.loss.toFixed(3)}  accuracy ${row.accuracy.toFixed(3)}  ` +
    `val_loss ${row.val_loss.toFixed(3)}  val_accuracy ${row.val_accuracy.toFixed(3)}  ` +
    `${seconds.toFixed(1)} s${best ? '  best' : ''}`
  );
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function lines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
