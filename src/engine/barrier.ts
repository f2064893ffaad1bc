import type { Ports } from '../ports/ports.ts';

/**
 * When objects have to be on disk. A barrier before every record costs a trivial stage more than all
 * else that the engine does for it; a barrier for each second of commands' time bounds what a power cut
 * can take, and a stage that took longer is on disk before its record says so.
 */
export interface Barrier {
  /** A command has ended well after this time, and its outs are in the cache. */
  passed(durationMs: number): Promise<void>;
  /** Everything is on disk when this resolves. */
  end(): Promise<void>;
}

/** What a power cut may cost in commands' time. */
const MOST_AT_RISK_MS = 1000;

export function createBarrier({ workspace }: Pick<Ports, 'workspace'>): Barrier {
  let atRiskMs = 0;
  const sync = (): Promise<void> => {
    atRiskMs = 0;
    return workspace.sync();
  };
  return {
    async passed(durationMs) {
      atRiskMs += durationMs;
      if (atRiskMs >= MOST_AT_RISK_MS) await sync();
    },
    end: sync,
  };
}
