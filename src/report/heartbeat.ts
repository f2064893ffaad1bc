import type { AvianEvent } from '../model/event.ts';
import { oneLine } from './describe.ts';
import { bytes, count, duration } from './units.ts';

/** Time as renderers need it; a test turns the hands itself. */
export interface Ticker {
  /** Milliseconds since 1970, UTC: for the age of runs. */
  now(): number;
  /** Milliseconds that never go back: for what has passed. */
  monotonic(): number;
  /** Calls `tick` every `ms` until the returned function is called; does not keep the process alive. */
  every(ms: number, tick: () => void): () => void;
}

/** Together under two seconds, the longest silence a person is left in. */
const TICK_MS = 250;
const QUIET_MS = 1600;
/** Older news of a long piece of work says nothing about now. */
const FRESH_MS = 5000;

export interface Heartbeat {
  /** Takes note of what is going on. */
  note(event: AvianEvent): void;
  /** Something was said just now: the silence starts anew. */
  spoke(): void;
  stop(): void;
}

/**
 * Breaks silences: calls `say` with what is going on when nothing was said for a while.
 * @param lastLine what a running stage printed last without ending the line, such as a progress bar
 */
export function createHeartbeat(options: {
  readonly ticker: Ticker;
  readonly say: (line: string) => void;
  readonly lastLine: (stage: string) => string;
}): Heartbeat {
  const { ticker, say, lastLine } = options;
  const started = ticker.monotonic();
  const running = new Map<string, number>();
  let planned = 0;
  let settled = 0;
  let holder: { readonly text: string; readonly since: number } | undefined;
  let work: { readonly text: string; readonly at: number } | undefined;
  let spokeAt = started;

  const stopTicking = ticker.every(TICK_MS, () => {
    if (ticker.monotonic() - spokeAt < QUIET_MS) return;
    spokeAt = ticker.monotonic();
    say(goingOn());
  });

  function goingOn(): string {
    const now = ticker.monotonic();
    const since = (then: number): string => duration(Math.max(0, now - then));
    const stages = [...running].map(([stage, then]) => `${stage} ${since(then)}`);
    const [only] = running.size === 1 ? running.keys() : [];
    const parts = [
      ...(holder === undefined ? [] : [`waiting ${since(holder.since)} for ${holder.text}`]),
      ...(stages.length > 0 && planned > 1 ? [`${settled} of ${planned} done`] : []),
      ...stages,
      ...(work !== undefined && now - work.at < FRESH_MS ? [work.text] : []),
      ...(only === undefined ? [] : [lastLine(only)]),
    ].filter((part) => part !== '');
    return parts.length === 0 ? `working ${since(started)}` : parts.join(', ');
  }

  return {
    note(event) {
      const at = ticker.monotonic();
      switch (event.type) {
        case 'plan-ready':
          planned = event.stages.length;
          holder = undefined;
          break;
        case 'waiting-for-lock':
          holder ??= { text: describeHolder(event.holder), since: at };
          break;
        case 'stage-started':
          holder = undefined;
          running.set(event.stage, at);
          break;
        case 'stage-settled':
          settled += 1;
          running.delete(event.stage);
          work = undefined;
          break;
        case 'progress':
          work = { text: describeWork(event), at };
          break;
        case 'transfer-progress':
          work = { text: describeTransfer(event), at };
          break;
        case 'repro-done':
          running.clear();
          stopTicking();
          break;
        case 'stage-output':
        case 'diagnostic':
          break;
      }
    },
    spoke() {
      spokeAt = ticker.monotonic();
    },
    stop: stopTicking,
  };
}

/** `digesting data/birds (840 files, 2.9 MiB)`. */
export const describeWork = (event: AvianEvent & { readonly type: 'progress' }): string =>
  `${event.phase} ${oneLine(event.path)} (${count(event.files, 'file')}, ${bytes(event.bytes)})`;

/** `push: sending 3 of 7 objects, 90 MB of 200 MB, 12 MB/s, 9s left, silent for 4s: packs/….pack`. */
export function describeTransfer(
  event: AvianEvent & { readonly type: 'transfer-progress' },
): string {
  const { direction, phase, files, totalFiles, slowest, etaMs } = event;
  const parts = [
    `${direction}: ${phase}${totalFiles > 0 ? ` ${files} of ${count(totalFiles, 'object')}` : ''}`,
    ...(event.totalBytes > 0 ? [`${bytes(event.bytes)} of ${bytes(event.totalBytes)}`] : []),
    ...(event.bytesPerSecond > 0 ? [`${bytes(Math.round(event.bytesPerSecond))}/s`] : []),
    ...(etaMs === undefined ? [] : [`${duration(etaMs)} left`]),
    ...(slowest === undefined || slowest.silentMs < QUIET_MS
      ? []
      : [`silent for ${duration(slowest.silentMs)}: ${oneLine(slowest.name)}`]),
  ];
  return parts.join(', ');
}

export const describeHolder = (holder: {
  readonly pid: number;
  readonly command: string;
  readonly since: string;
}): string => `\`${oneLine(holder.command)}\` (pid ${holder.pid}, since ${oneLine(holder.since)})`;
