import type { Emit } from '../model/event.ts';
import type { Clock } from './clock.ts';
import type { Environment } from './environment.ts';
import type { Executor } from './executor.ts';
import type { LockStore } from './lock-store.ts';
import type { LogStore } from './log-store.ts';
import type { Scratch } from './scratch.ts';
import type { RunLog } from './run-log.ts';
import type { Workspace } from './workspace.ts';

/** Everything the engine knows of the outside. Functions take a `Pick` of what they need. */
export interface Ports {
  readonly workspace: Workspace;
  readonly runs: RunLog;
  readonly lock: LockStore;
  readonly logs: LogStore;
  readonly scratch: Scratch;
  readonly executor: Executor;
  readonly environment: Environment;
  readonly clock: Clock;
  /** BLAKE3 of UTF-8 text, 64 hex digits. */
  readonly hash: (text: string) => string;
  /** Six random hex digits, for attempt ids. */
  readonly nonce: () => string;
  readonly emit: Emit;
}
