import { exitStatus, type ExitStatus } from './exit-status.ts';

export interface Interrupts {
  readonly signal: AbortSignal;
  /** What the process should end with, when it was interrupted. */
  status(): ExitStatus | undefined;
  /** Stops listening, so that nothing keeps the process alive. */
  stop(): void;
}

/** The first SIGINT or SIGTERM cancels in order (children are ended, old outs put back); a second SIGINT ends at once. */
export function listenForInterrupts(
  process: Pick<NodeJS.Process, 'on' | 'off' | 'exit'>,
): Interrupts {
  const controller = new AbortController();
  let received: 'SIGINT' | 'SIGTERM' | undefined;
  const onInterrupt = (): void => {
    if (received === 'SIGINT') process.exit(exitStatus.interrupted);
    received = 'SIGINT';
    controller.abort(new Error('interrupted'));
  };
  const onTerminate = (): void => {
    received ??= 'SIGTERM';
    controller.abort(new Error('terminated'));
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    signal: controller.signal,
    status: () =>
      received === undefined
        ? undefined
        : received === 'SIGINT'
          ? exitStatus.interrupted
          : exitStatus.terminated,
    stop: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}
