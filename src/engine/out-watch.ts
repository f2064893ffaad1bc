import type { RepoPath, StageName } from '../model/names.ts';
import type { Digest } from '../model/names.ts';
import type { Ports } from '../ports/ports.ts';

/**
 * Remembers what the outs of settled stages looked like, to name a stage that writes over another
 * one's. Costs a stat walk per settled out and execution, answered from the stat cache.
 */
export interface OutWatch {
  settled(stage: StageName, outs: { readonly [path: string]: { readonly digest: Digest } }): void;
  /** The out is about to be rewritten by its own stage. */
  unsettled(stage: StageName): void;
  /** The first out of another stage that is not what it was; it is forgotten, so nobody else is blamed for it. */
  changedBy(
    stage: StageName,
  ): Promise<{ readonly path: RepoPath; readonly owner: StageName } | undefined>;
}

export function createOutWatch(ports: Pick<Ports, 'workspace'>): OutWatch {
  const known = new Map<RepoPath, { owner: StageName; digest: Digest }>();
  return {
    settled(stage, outs) {
      for (const [path, { digest }] of Object.entries(outs)) {
        known.set(path as RepoPath, { owner: stage, digest });
      }
    },
    unsettled(stage) {
      for (const [path, { owner }] of known) if (owner === stage) known.delete(path);
    },
    async changedBy(stage) {
      for (const [path, { owner, digest }] of known) {
        if (owner === stage) continue;
        const now = await ports.workspace.digest(path);
        if (now.ok && now.value?.digest === digest) continue;
        known.delete(path);
        return { path, owner };
      }
      return undefined;
    },
  };
}
