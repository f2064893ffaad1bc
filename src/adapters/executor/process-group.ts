import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process as `/proc` shows it. `startTime` (clock ticks since boot) tells a reused pid apart. */
export interface ProcessFacts {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  readonly startTime: string;
  readonly zombie: boolean;
}

/** Undefined when there is no such process, or no `/proc`. */
export function factsOf(pid: number): ProcessFacts | undefined {
  const stat = readProc(`${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses and may hold spaces and parentheses.
  const [state, , group, session, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = rest[15];
  if (state === undefined || startTime === undefined) return undefined;
  return {
    pid,
    group: Number(group),
    session: Number(session),
    startTime,
    zombie: state === 'Z' || state === 'X',
  };
}

/** The command line as typed, cut to 120 characters; `?` when it is gone. */
export function commandLineOf(pid: number): string {
  const text = readProc(`${pid}/cmdline`)?.split('\0').join(' ').trim() ?? '';
  if (text === '') return '?';
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

/** True when the process was started with `NAME=value` in its environment (same user only). */
export const hasVariable = (pid: number, assignment: string): boolean =>
  readProc(`${pid}/environ`)?.split('\0').includes(assignment) === true;

/** Every living process, zombies left out. Empty without `/proc`. */
export function livingProcesses(): ProcessFacts[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    if (!/^[0-9]+$/.test(name)) return [];
    const facts = factsOf(Number(name));
    return facts === undefined || facts.zombie ? [] : [facts];
  });
}

/** `process.kill`. */
export type Kill = (pid: number, signal: NodeJS.Signals | 0) => boolean;

/** Process groups by the number of the process that led them. */
export class ProcessGroups {
  readonly #kill: Kill;
  readonly #hurry: AbortSignal | undefined;

  /** `hurry` ends every grace. */
  constructor(kill: Kill, hurry?: AbortSignal) {
    this.#kill = kill;
    this.#hurry = hurry;
  }

  /** Living members, the leader included. Empty without `/proc`. */
  members(group: number): ProcessFacts[] {
    // Most groups have ended when one asks; the signal answers without a walk through /proc.
    if (!this.#signal(group, 0)) return [];
    return livingProcesses().filter((facts) => facts.group === group);
  }

  /**
   * Ends a group: SIGTERM, then SIGKILL for whoever is left after `graceMs`. Resolves when nobody
   * is left, or when even SIGKILL did not help (a process in the kernel, or of another user).
   */
  async end(group: number, graceMs: number): Promise<void> {
    if (!this.#signal(group, 'SIGTERM')) return;
    if (await this.#emptied(group, graceMs, this.#hurry)) return;
    this.#signal(group, 'SIGKILL');
    await this.#emptied(group, 1000);
  }

  async #emptied(group: number, withinMs: number, hurry?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    for (let pause = 2; ; pause = Math.min(50, pause * 2)) {
      if (!this.#lives(group)) return true;
      if (performance.now() >= deadline || hurry?.aborted === true) return false;
      await sleep(pause);
    }
  }

  #lives(group: number): boolean {
    if (!this.#signal(group, 0)) return false;
    // A zombie that nobody reaps (a container without an init) still answers to signal 0.
    if (factsOf(group)?.zombie === false) return true;
    const living = livingProcesses();
    return living.length === 0 || living.some((facts) => facts.group === group);
  }

  /** False when nobody is left in the group. */
  #signal(group: number, signal: NodeJS.Signals | 0): boolean {
    try {
      return this.#kill(-group, signal);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ESRCH') return false;
      // Somebody is there whom we may not signal, such as a program of another user (sudo).
      if (code === 'EPERM') return true;
      throw error;
    }
  }
}

export function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
}
