import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AvianEvent } from '../../model/event.ts';
import { isJsonObject } from '../../model/json.ts';
import { parseAttemptId, type AttemptId, type StageName } from '../../model/names.ts';
import { factsOf, type Kill } from '../executor/process-group.ts';
import type { RunHead, Told } from './keep-events.ts';

/** A run of another avian on this machine that is under way. */
export interface OthersRun {
  readonly head: RunHead;
  /**
   * Tells what happened so far and what happens, until the run is over, its avian has died, or
   * the signal aborts. What stages print is told as it comes to their logs, which is twice a second.
   */
  follow(onTold: (told: Told) => void, signal: AbortSignal): Promise<'over' | 'died' | 'left'>;
  /** For who found it and does not follow it. */
  close(): void;
}

export interface FollowOptions {
  /** As `openEventKeeper`'s. */
  readonly file: string;
  /** `cache/v1/logs`. */
  readonly logs: string;
  /** This avian's: another's events may mean something else. */
  readonly version: string;
  readonly kill: Kill;
  readonly now: () => number;
  readonly pollMs?: number;
}

/** The run that is under way in another avian of the same version; undefined when there is none. */
export function findOthersRun(options: FollowOptions): OthersRun | undefined {
  const tail = openTail(options.file);
  if (tail === undefined) return undefined;
  const [first = '', ...lines] = tail.lines();
  const head = parseHead(first);
  if (head?.avian !== options.version || !isAlive(head, options.kill)) {
    tail.close();
    return undefined;
  }
  return {
    head,
    close: () => tail.close(),
    async follow(onTold, signal) {
      try {
        return await follow(tail, lines, head, options, onTold, signal);
      } finally {
        tail.close();
      }
    },
  };
}

async function follow(
  events: Tail,
  begun: readonly string[],
  head: RunHead,
  { logs, kill, now, pollMs = 200 }: FollowOptions,
  onTold: (told: Told) => void,
  signal: AbortSignal,
): Promise<'over' | 'died' | 'left'> {
  const printing = new Map<StageName, { readonly attempt: AttemptId; tail: Tail | undefined }>();
  const tellPrinted = (stage: StageName): void => {
    const printer = printing.get(stage);
    if (printer === undefined) return;
    printer.tail ??= openTail(join(logs, `${printer.attempt}.log`));
    const chunk = printer.tail?.text() ?? '';
    // Which stream it came by is not in the log itself, and makes no difference on a screen.
    if (chunk !== '') {
      onTold({ at: now(), event: { type: 'stage-output', stage, stream: 'stdout', chunk } });
    }
  };
  const stop = (stage: StageName): void => {
    tellPrinted(stage);
    printing.get(stage)?.tail?.close();
    printing.delete(stage);
  };
  try {
    for (let unread = begun; ; unread = []) {
      // Asked before the rest is read: what it wrote before it died is there by then.
      const alive = isAlive(head, kill) && !events.isGone();
      const lines = [...unread, ...events.lines()];
      for (const told of lines.flatMap(parseTold)) {
        const { event } = told;
        if (event.type === 'stage-settled') stop(event.stage);
        onTold(told);
        if (event.type === 'stage-started') {
          printing.set(event.stage, { attempt: event.attempt, tail: undefined });
        }
        if (event.type === 'repro-done') return 'over';
      }
      for (const stage of printing.keys()) tellPrinted(stage);
      if (!alive && lines.length === 0) return events.isGone() ? 'over' : 'died';
      if (signal.aborted) return 'left';
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    for (const { tail } of printing.values()) tail?.close();
  }
}

/** A file that grows, read piece by piece. */
interface Tail {
  /** What came since it was last asked; of very much the end. */
  text(): string;
  /** The whole lines among it. */
  lines(): readonly string[];
  /** It has no name any more. */
  isGone(): boolean;
  close(): void;
}

const AT_ONCE = 2 ** 20;

function openTail(file: string): Tail | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return undefined;
  }
  if (!fstatSync(descriptor).isFile()) {
    closeSync(descriptor);
    return undefined;
  }
  const decoder = new StringDecoder();
  let position = 0;
  let rest = '';
  let open = true;
  const read = (): string => {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.allocUnsafe(Math.min(AT_ONCE, Math.max(0, size - position)));
    const count = readSync(descriptor, bytes, 0, bytes.length, position);
    position += count;
    return decoder.write(bytes.subarray(0, count));
  };
  return {
    text() {
      const { size } = fstatSync(descriptor);
      // Nobody has seen what is skipped: a screen shows the end.
      if (size - position > AT_ONCE) position = size - AT_ONCE;
      return read();
    },
    lines() {
      let text = rest;
      for (let piece = read(); piece !== ''; piece = read()) text += piece;
      const lines = text.split('\n');
      rest = lines.pop() ?? '';
      return lines;
    },
    isGone: () => fstatSync(descriptor).nlink === 0,
    close() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

function isAlive({ pid, startTime }: RunHead, kill: Kill): boolean {
  const facts = factsOf(pid);
  if (facts !== undefined) return !facts.zombie && facts.startTime === startTime;
  if (startTime !== undefined) return false;
  try {
    return kill(pid, 0);
  } catch (error) {
    // Somebody else's process lives, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function parseHead(line: string): RunHead | undefined {
  const value = parsed(line);
  if (!isJsonObject(value) || value['v'] !== 1) return undefined;
  const { avian, pid, startTime, command } = value;
  if (typeof avian !== 'string' || typeof command !== 'string') return undefined;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 1) return undefined;
  if (startTime !== undefined && typeof startTime !== 'string') return undefined;
  return { v: 1, avian, pid, command, ...(startTime !== undefined && { startTime }) };
}

/** Lines of the same version's keeper: what is looked at is checked, the rest is believed. */
function parseTold(line: string): readonly Told[] {
  const value = parsed(line);
  if (!isJsonObject(value) || typeof value['at'] !== 'number') return [];
  const { event } = value;
  if (!isJsonObject(event) || typeof event['type'] !== 'string') return [];
  const { type, attempt } = event;
  // It becomes part of a path.
  if (type === 'stage-started' && !isAttempt(attempt)) return [];
  return [{ at: value['at'], event: event as unknown as AvianEvent }];
}

const isAttempt = (value: unknown): boolean =>
  typeof value === 'string' && parseAttemptId(value) !== undefined;

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
