import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { RevisionSettings } from '../../ports/deployer.ts';
import { factsOf, readProc } from '../executor/process-group.ts';

/**
 * ```
 * cache/v1/services/<name>/
 *   lock.sqlite                held by the command that changes this deployment
 *   desired.json               what commands want; written by them
 *   state.json                 what is; written by the supervisor
 *   supervisor.log
 *   <revision>/revision.json   how to run it
 *   <revision>/root/           the image's content
 *   <revision>/service.log     and service.log.1
 * ```
 * Commands and supervisor talk through the two JSON files and SIGHUP, which means "look again". A
 * socket in this folder would be neater, but its path may not exceed 107 bytes.
 */
export const files = (directory: string) => ({
  lock: join(directory, 'lock.sqlite'),
  desired: join(directory, 'desired.json'),
  state: join(directory, 'state.json'),
  log: join(directory, 'supervisor.log'),
});

export const revisionFiles = (directory: string, revision: string) => ({
  folder: join(directory, revision),
  record: join(directory, revision, 'revision.json'),
  root: join(directory, revision, 'root'),
  log: join(directory, revision, 'service.log'),
});

export interface Desired {
  readonly v: 1;
  /** Counts up with every change; the supervisor settles each once. */
  readonly generation: number;
  readonly wanted:
    | { readonly kind: 'stop' }
    | {
        readonly kind: 'serve';
        readonly revision: string;
        /** Absent: the port of before, else a free one. */
        readonly port?: number;
        readonly timeoutMs: number;
      };
}

/** A process that is told from any later one with the same number. */
export interface Identity {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTicks: string;
  readonly boot: string;
}

export interface SupervisorState {
  readonly v: 1;
  readonly status: 'starting' | 'running' | 'restarting' | 'stopped' | 'failed';
  readonly supervisor: Identity;
  /** The latest generation that was settled, and how. */
  readonly generation: number;
  readonly failure?: { readonly code: string; readonly message: string; readonly tail: string };
  /** The public port; kept for later supervisors. */
  readonly port?: number;
  readonly live?: LiveState;
  /** Every service process that may still run: live, starting and draining ones. */
  readonly services: readonly Identity[];
}

export interface LiveState {
  readonly revision: string;
  readonly image: string;
  readonly health: string;
  readonly url: string;
  readonly pid: number;
  readonly startTicks: string;
  readonly startedAt: string;
  readonly restarts: number;
}

/** Stands for a port that is chosen at each start; no word of a person can hold it. */
export const PORT_MARK = '\0port\0';

/** How to run a revision; holds the environment, so only its owner may read it. */
export interface RevisionRecord {
  readonly v: 1;
  readonly revision: string;
  readonly settings: RevisionSettings;
  /** Absolute program and arguments, on this machine; `PORT_MARK` in them is the port to listen on. */
  readonly argv: readonly string[];
  /** Takes away what an earlier run, or a killed one, left outside of its processes: a container. */
  readonly cleanup?: readonly string[];
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** Directories of the image that come before the machine's own PATH. */
  readonly path: readonly string[];
}

export const readDesired = (directory: string): Desired | undefined =>
  readRecord(
    files(directory).desired,
    (value) => typeof value['generation'] === 'number' && isJsonObject(value['wanted']),
  ) as unknown as Desired | undefined;

export const readState = (directory: string): SupervisorState | undefined =>
  readRecord(
    files(directory).state,
    (value) =>
      typeof value['generation'] === 'number' &&
      isIdentity(value['supervisor']) &&
      Array.isArray(value['services']) &&
      value['services'].every(isIdentity),
  ) as unknown as SupervisorState | undefined;

export const readRevision = (directory: string, revision: string): RevisionRecord | undefined =>
  readRecord(
    revisionFiles(directory, revision).record,
    (value) => Array.isArray(value['argv']) && isJsonObject(value['settings']),
  ) as unknown as RevisionRecord | undefined;

/** Whole or not at all, for whoever reads meanwhile. */
export function writeRecord(path: string, value: object): void {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}

export function revisionsIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function readRecord(path: string, fits: (value: JsonObject) => boolean): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isJsonObject(value) && value['v'] === 1 && fits(value) ? value : undefined;
  } catch {
    // Absent, or of another version: as if nothing were deployed.
    return undefined;
  }
}

// A pid of 0 or 1 as a group would mean our own group, or everybody.
const isIdentity = (value: unknown): value is Identity =>
  isJsonObject(value) &&
  Number.isInteger(value['pid']) &&
  Number(value['pid']) > 1 &&
  typeof value['startTicks'] === 'string' &&
  typeof value['boot'] === 'string';

/** Undefined when the process has ended, or where there is no `/proc`. */
export function identify(pid: number): Identity | undefined {
  const facts = factsOf(pid);
  return facts === undefined || facts.zombie
    ? undefined
    : { pid, startTicks: facts.startTime, boot: bootId() };
}

export function isRunning(identity: Identity): boolean {
  const now = identify(identity.pid);
  return now?.startTicks === identity.startTicks && now.boot === identity.boot;
}

const bootId = (): string => readProc('sys/kernel/random/boot_id')?.trim() ?? '';
