import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '../../model/json.ts';
import { ProcessGroups, factsOf, hasVariable, livingProcesses, readProc } from './process-group.ts';
import type { Kill } from './process-group.ts';

/** A process that is told from any later one with the same number by when it started. */
interface Identity {
  readonly pid: number;
  readonly startTime: string;
}

/** Kept while a stage runs: whom to end should avian be killed, which cannot end it itself. */
interface Running {
  readonly stage: string;
  readonly attempt: string;
  /** Of the boot: numbers of processes mean nothing on another machine or after a restart. */
  readonly boot: string;
  readonly avian: Identity;
  /** Leads the command's process group; absent until it is started. */
  readonly leader?: Identity;
}

export interface Orphan {
  readonly stage: string;
  readonly attempt: string;
}

/** Keeps `<folder>/<attempt>.json` for each command that is about to run or runs. */
export class RunningCommands {
  readonly #folder: string;
  readonly #avian: number;
  #self: { readonly boot: string; readonly avian: Identity | undefined } | undefined;
  #unnamed = 0;

  /** `avian` is the pid of this process. */
  constructor(folder: string, avian: number) {
    this.#folder = folder;
    this.#avian = avian;
  }

  /**
   * Notes a command before it starts, so that no kill falls between; `started` adds its leader and
   * `ended` strikes it out. Nothing is noted without `/proc`. A task has no attempt.
   */
  note(
    named: string | undefined,
    stage: string,
  ): { readonly started: (pid: number) => void; readonly ended: () => void } {
    const { boot, avian } = (this.#self ??= { boot: bootId(), avian: identityOf(this.#avian) });
    if (avian === undefined) return { started: () => undefined, ended: () => undefined };
    const attempt = named ?? `task-${this.#avian}-${++this.#unnamed}`;
    const path = join(this.#folder, `${attempt}.json`);
    const running: Running = { stage, attempt, boot, avian };
    // A full disk is no reason not to run: the note only matters if avian is killed.
    unlessImpossible(() => {
      mkdirSync(this.#folder, { recursive: true });
      // Whole or not at all: another avian may be reaping right now.
      writeFileSync(`${path}.new`, `${JSON.stringify(running)}\n`);
      renameSync(`${path}.new`, path);
    });
    return {
      // A line of its own, in one write: whoever reads sees it whole or not yet.
      started: (pid) => {
        unlessImpossible(() =>
          appendFileSync(path, `${JSON.stringify(identityOf(pid) ?? null)}\n`),
        );
      },
      ended: () => unlessImpossible(() => unlinkSync(path)),
    };
  }
}

/**
 * Ends the commands that a killed avian left running, with their process groups, and forgets them.
 * Call it while holding the invocation lock, before anything is started or recovered: an orphan
 * still writes to its outs. Commands whose avian lives are left alone.
 */
export async function reapOrphans(options: {
  /** As the executor's. */
  readonly runningFolder: string;
  readonly pid: number;
  readonly kill: Kill;
  readonly graceMs?: number;
}): Promise<readonly Orphan[]> {
  const { runningFolder, pid, kill, graceMs = 5000 } = options;
  const groups = new ProcessGroups(kill);
  const own = factsOf(pid)?.group;
  const reaped: Orphan[] = [];
  const notes = namesIn(runningFolder).filter((name) => name.endsWith('.json'));
  const ending = notes.map(async (name) => {
    const path = join(runningFolder, name);
    const running = readRunning(path);
    if (running !== undefined && running.boot === bootId()) {
      if (isRunning(running.avian)) return;
      const left = groupsOf(running).filter((group) => group !== own);
      await Promise.all(left.map((group) => groups.end(group, graceMs)));
      const { stage, attempt } = running;
      if (left.length > 0) reaped.push({ stage, attempt });
    }
    rmSync(path, { force: true });
  });
  await Promise.all(ending);
  // Notes that a kill left half written, and the events of a run that was killed (`running-events`), which a
  // run of nothing does not replace. Nobody else writes either: the caller holds the project's lock.
  const isLeft = (name: string): boolean => name.endsWith('.new') || name === 'events.jsonl';
  for (const name of namesIn(runningFolder).filter(isLeft)) {
    unlessImpossible(() => rmSync(join(runningFolder, name), { force: true }));
  }
  return reaped;
}

/**
 * The process groups a command left: the one that its leader leads, unless that number went to a
 * stranger since, and those of whoever inherited the attempt's name. Either sign may be missing:
 * the kill may have come before the leader was noted, and a program may clear its environment.
 */
function groupsOf({ leader, attempt }: Running): number[] {
  const led = leader !== undefined && isRunning(leader) ? [leader.pid] : [];
  const marked = livingProcesses().filter(({ pid }) => hasVariable(pid, `AVIAN_RUN=${attempt}`));
  return [...new Set([...led, ...marked.map(({ group }) => group)])];
}

function unlessImpossible(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

function identityOf(pid: number): Identity | undefined {
  const facts = factsOf(pid);
  return facts && { pid, startTime: facts.startTime };
}

function isRunning({ pid, startTime }: Identity): boolean {
  const facts = factsOf(pid);
  return facts !== undefined && !facts.zombie && facts.startTime === startTime;
}

const bootId = (): string => readProc('sys/kernel/random/boot_id')?.trim() ?? '';

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readRunning(path: string): Running | undefined {
  try {
    const [head = '', leader = '', end] = readFileSync(path, 'utf8').split('\n');
    const value: unknown = JSON.parse(head);
    if (!isNote(value)) return undefined;
    // Its line may be cut off, or yet to come.
    const led: unknown = end === undefined ? undefined : JSON.parse(leader);
    return isIdentity(led) ? { ...value, leader: led } : value;
  } catch {
    // Cut off by the kill: then the command had hardly begun, and nothing in it can be trusted.
    return undefined;
  }
}

const isNote = (value: unknown): value is Running =>
  isJsonObject(value) &&
  ['stage', 'attempt', 'boot'].every((key) => typeof value[key] === 'string') &&
  isIdentity(value['avian']);

// A pid of 0 or 1 as a group would mean our own group, or everybody.
const isIdentity = (value: unknown): value is Identity =>
  isJsonObject(value) &&
  Number.isInteger(value['pid']) &&
  Number(value['pid']) > 1 &&
  typeof value['startTime'] === 'string';
