import type { ArtifactRef } from '../model/artifact.ts';
import type { PipelineLock } from '../model/lock.ts';
import type { Stage } from '../model/pipeline.ts';
import { isNonEmpty } from '../model/result.ts';
import type { StaleReason, Verdict } from '../model/verdict.ts';
import type { Ports } from '../ports/ports.ts';
import type { Supply } from '../ports/supply.ts';
import type { JudgeOptions } from './request.ts';

/** Never runs; outs that are gone come back from cache or remote, where the lock says what they were. */
export async function judgeFrozen(
  stage: Stage,
  {
    lock,
    options,
    supply,
    ports: { workspace },
  }: {
    readonly lock: PipelineLock;
    readonly options: JudgeOptions;
    readonly supply?: Supply;
    readonly ports: Pick<Ports, 'workspace'>;
  },
): Promise<Verdict> {
  const locked = lock.stages[stage.name];
  // In a conflict nobody has said yet what the outs were.
  if (locked === undefined || locked.conflict !== undefined) return { kind: 'frozen' };
  if (options.allowMissing === true) return { kind: 'frozen' };
  const outs: { [path: string]: ArtifactRef } = {};
  const reasons: StaleReason[] = [];
  let remote: string | undefined;
  for (const { path, cache } of stage.outs) {
    const ref = locked.outs[path];
    if (!cache || ref === undefined) continue;
    const found = await workspace.digest(path);
    if (!found.ok || found.value !== undefined) continue;
    if (!(await workspace.holds(ref, path))) {
      if (supply === undefined || (await workspace.holds(ref)) || !(await supply.offers(ref))) {
        continue;
      }
      remote = supply.name;
    }
    outs[path] = ref;
    reasons.push({ kind: 'out-missing', path });
  }
  if (!isNonEmpty(reasons)) return { kind: 'frozen' };
  return { kind: 'restorable', outs, reasons, ...(remote !== undefined && { remote }) };
}
