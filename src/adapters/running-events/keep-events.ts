import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { AvianEvent } from '../../model/event.ts';
import { factsOf } from '../executor/process-group.ts';

/** The first line of the file: whose events these are. */
export interface RunHead {
  readonly v: 1;
  /** Events are written as the model has them, so only the same version reads them. */
  readonly avian: string;
  readonly pid: number;
  /** Tells the process from a later one of the same number; absent without `/proc`. */
  readonly startTime?: string;
  /** As a person typed it. */
  readonly command: string;
}

/** An event, and when it happened, in milliseconds since 1970. */
export interface Told {
  readonly at: number;
  readonly event: AvianEvent;
}

export interface EventKeeper {
  readonly keep: (told: Told) => void;
  /** The run is over: the file goes; who reads it reads it to its end. */
  readonly close: () => void;
}

const PROGRESS_EVERY_MS = 1000;

/**
 * Keeps the events of the run under way in a file, a line each, for who looks on from another
 * terminal. What stages print is not among them: it is in their logs. The caller holds the project's
 * lock, so there is one such file. Whatever the disk refuses, the run goes on.
 */
export function openEventKeeper(
  file: string,
  about: { readonly avian: string; readonly pid: number; readonly command: string },
): EventKeeper {
  const startTime = factsOf(about.pid)?.startTime;
  const head: RunHead = { v: 1, ...about, ...(startTime !== undefined && { startTime }) };
  let progressAt = -Infinity;
  let descriptor = unlessRefused(() => {
    mkdirSync(dirname(file), { recursive: true });
    // A new file in place of one that a killed avian left, which somebody may still be reading.
    writeFileSync(`${file}.new`, `${JSON.stringify(head)}\n`);
    renameSync(`${file}.new`, file);
    return openSync(file, 'a');
  });

  const close = (): void => {
    const opened = descriptor;
    descriptor = undefined;
    if (opened === undefined) return;
    closeSync(opened);
    unlessRefused(() => rmSync(file, { force: true }));
  };

  return {
    keep({ at, event }) {
      if (descriptor === undefined || event.type === 'stage-output') return;
      if (event.type === 'progress') {
        if (at - progressAt < PROGRESS_EVERY_MS) return;
        progressAt = at;
      }
      const line = Buffer.from(`${JSON.stringify({ at, event: withoutBallast(event) })}\n`);
      const opened = descriptor;
      const written = unlessRefused(() => writeSync(opened, line));
      // Half a line and then another one would be no line at all.
      if (written !== line.length) close();
    },
    close,
  };
}

/** A record holds the whole configuration, up to 1 MiB, which nobody who looks on is shown. */
function withoutBallast(event: AvianEvent): AvianEvent {
  if (event.type !== 'stage-settled' || !('run' in event.outcome)) return event;
  const { run } = event.outcome;
  const { input } = run;
  const light = { ...run, config: {}, input: { ...input, deps: [], params: {} } };
  return { ...event, outcome: { ...event.outcome, run: light } as typeof event.outcome };
}

function unlessRefused<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return undefined;
  }
}
