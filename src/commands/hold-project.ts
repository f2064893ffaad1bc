import type { StageName } from '../model/names.ts';
import type { CommandContext } from './context.ts';

type LockNeeds = Pick<CommandContext, 'invocationLock' | 'commandLine' | 'signal'> & {
  readonly ports: Pick<CommandContext['ports'], 'emit'>;
};

type Needed = LockNeeds &
  Pick<CommandContext, 'reapOrphans'> & {
    readonly ports: {
      readonly workspace: Pick<CommandContext['ports']['workspace'], 'recover'>;
    };
  };

/**
 * Does `work` while no other avian writes to this project, once what a killed one left is settled:
 * its commands are ended first, since they still write to their outs, then the outs that it had
 * moved aside come back. `work` is told which stages that concerns, and when they had begun.
 */
export async function holdingProject<T>(
  context: Needed,
  work: (interrupted: ReadonlyMap<StageName, string>) => Promise<T>,
): Promise<T> {
  const { emit, workspace } = context.ports;
  const held = await takeLock(context);
  try {
    for (const stage of await context.reapOrphans()) {
      const message = `${stage} still ran, left by an avian that was killed; it was ended`;
      const diagnostic = { severity: 'warning', code: 'stage/orphan-ended', message } as const;
      emit({ type: 'diagnostic', diagnostic });
    }
    const interruptions = await workspace.recover();
    return await work(new Map(interruptions.map(({ stage, at }) => [stage as StageName, at])));
  } finally {
    await held.release();
  }
}

/** Waits until no other avian writes to this project, and says who is waited for. */
export const takeLock = ({
  invocationLock,
  commandLine,
  signal,
  ports,
}: LockNeeds): Promise<{ release(): Promise<void> }> =>
  invocationLock.acquire({
    command: commandLine,
    signal,
    onWait: (holder) => {
      if (holder !== undefined) ports.emit({ type: 'waiting-for-lock', holder });
    },
  });
