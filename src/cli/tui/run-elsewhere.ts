import { join } from 'node:path';
import { findOthersRun, type OthersRun } from '../../adapters/running-events/follow-events.ts';
import { systemClock } from '../clock.ts';
import { findRoot } from '../find-root.ts';
import type { Io } from '../io.ts';
import { eventsFileIn } from '../tell-others.ts';
import { VERSION } from '../version.ts';

/** What another avian on this machine runs in this project, if it does. */
export function findRunElsewhere({ cwd }: Pick<Io, 'cwd'>): OthersRun | undefined {
  const root = findRoot(cwd);
  if (root === undefined) return undefined;
  const run = findOthersRun({
    file: eventsFileIn(root),
    logs: join(root, 'cache/v1/logs'),
    version: VERSION,
    kill: (pid, signal) => process.kill(pid, signal),
    now: () => systemClock.now(),
  });
  if (run?.head.pid !== process.pid) return run;
  run.close();
  return undefined;
}
