import { exitStatus, type ExitStatus } from './exit-status.ts';

const STATUS = {
  SIGINT: exitStatus.interrupted,
  SIGTERM: exitStatus.terminated,
  SIGHUP: exitStatus.hungUp,
} as const;

type Interrupt = keyof typeof STATUS;

/** Why the signal of `Interrupts` aborted. */
export class Interrupted extends Error {
  readonly by: Interrupt;

  constructor(by: Interrupt) {
    super(`interrupted by ${by}`);
    this.by = by;
  }
}

export interface Interrupts {
  /** Aborts with an `Interrupted`. */
  readonly signal: AbortSignal;
  /** Aborts when who interrupted does not want to wait: nobody gets time to say goodbye any more. */
  readonly hurry: AbortSignal;
  /** What the process should end with, when it was interrupted. */
  status(): ExitStatus | undefined;
}

/** After the second Ctrl-C: killed commands have ended in less, and the old outs are back. */
const HURRY_MS = 1000;

/**
 * The first SIGINT, SIGTERM or SIGHUP (the terminal was closed; stages are in sessions of their own
 * and would run on) cancels in order: commands are ended, old outs put back. Ctrl-C after that kills
 * the commands and waits a second, once more ends at once. Node resets an ignored SIGHUP when it
 * starts, so `nohup` protects no Node program; `setsid` does.
 */
export function listenForInterrupts(process: Pick<NodeJS.Process, 'on' | 'exit'>): Interrupts {
  const controller = new AbortController();
  const hurry = new AbortController();
  let received: Interrupt | undefined;
  const end = (): void => {
    if (received !== undefined) process.exit(STATUS[received]);
  };
  const onSignal = (name: Interrupt): void => {
    if (received === undefined) {
      received = name;
      controller.abort(new Interrupted(name));
    } else if (name !== 'SIGINT') return;
    else if (hurry.signal.aborted) end();
    else {
      hurry.abort();
      setTimeout(end, HURRY_MS).unref();
    }
  };
  for (const name of Object.keys(STATUS) as Interrupt[]) process.on(name, onSignal);
  return {
    signal: controller.signal,
    hurry: hurry.signal,
    status: () => (received === undefined ? undefined : STATUS[received]),
  };
}
