import { fromRef, type Artifact } from '../model/artifact.ts';
import type { PipelineLock } from '../model/lock.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import type { Ports } from '../ports/ports.ts';

export interface KnownContext {
  readonly lock: PipelineLock;
  readonly producerOf: (path: RepoPath) => StageName | undefined;
  readonly ports: Pick<Ports, 'runs'>;
}

/**
 * The content of a dep whose data is not here, as far as it is known: what its producer wrote last,
 * what was added, or what the run that the lock names had read. Inside the out of another stage
 * nothing is known without the data.
 */
export const knownToLock =
  (stage: Stage, { lock, producerOf, ports }: KnownContext) =>
  async (path: RepoPath): Promise<Artifact | undefined> => {
    const producer = producerOf(path);
    const entry = producer === undefined ? undefined : lock.stages[producer];
    const source = lock.sources[path];
    // In a conflict nobody has said yet which content it is.
    if (entry?.conflict !== undefined || source?.conflict !== undefined) return undefined;
    const ref = entry?.outs[path] ?? source;
    if (ref !== undefined) return fromRef(ref);
    const locked = lock.stages[stage.name];
    if (producer !== undefined || locked === undefined) return undefined;
    const [run] = await ports.runs.find(locked.fingerprint);
    const dep = run?.input.deps.find((read) => read.path === path);
    if (dep === undefined) return undefined;
    // Only the digest and the bit enter a fingerprint.
    return { kind: 'blob', digest: dep.digest, size: 0, executable: dep.executable === true };
  };
