import type { StageName } from '../model/names.ts';
import type { CommandContext } from './context.ts';

type Needed = Pick<CommandContext, 'invocationLock' | 'commandLine' | 'signal' | 'reapOrphans'> & {
  readonly ports: Pick<CommandContext['ports'], 'emit'> & {
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
  const held = await context.invocationLock.acquire({
    command: context.commandLine,
    signal: context.signal,
    onWait: (holder) => {
      if (holder !== undefined) emit({ type: 'waiting-for-lock', holder });
    },
  });
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
