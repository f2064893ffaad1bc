import { toRef } from '../model/artifact.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { PathsView } from '../model/views.ts';
import { describeWorkspaceProblem } from '../engine/observe.ts';
import type { Download, DownloadOptions, Downloads } from '../ports/downloads.ts';
import type { SpaceContext } from './gc.ts';

export interface ImportContext extends Omit<SpaceContext, 'copies'> {
  readonly downloads: Downloads;
}

export type Done = PathsView['paths'][number];

/** Into the cache, the workspace and the lock, in this order. */
export async function place(
  path: RepoPath,
  { file, digest, from }: Download,
  how: 'imported' | 'updated' | 'restored',
  { ports, store }: ImportContext,
): Promise<Result<Done, Problem>> {
  const ref = await store.adopt(file, digest);
  const there = await ports.workspace.digest(path);
  const isThere = there.ok && there.value !== undefined && toRef(there.value).digest === digest;
  const restored = await ports.workspace.restore(path, ref);
  if (!restored.ok) {
    return err(problem('stage', 'import/not-placed', describeWorkspaceProblem(restored.error)));
  }
  await ports.lock.setSource(path, { ...ref, from });
  const { kept } = restored.value;
  return ok({
    path,
    done: how === 'restored' && isThere ? 'unchanged' : how,
    ...ref,
    ...(kept !== undefined && { kept }),
  });
}

/** What a download tells people while it goes on. */
export function talk(path: RepoPath, { ports, signal }: ImportContext): DownloadOptions {
  let told = ports.clock.monotonic();
  return {
    signal,
    onProgress(bytes) {
      const now = ports.clock.monotonic();
      if (now - told < 500) return;
      told = now;
      ports.emit({ type: 'progress', phase: 'downloading', path, files: 1, bytes });
    },
    onRetry(cause) {
      const message = `${path} is tried again: ${cause}`;
      const diagnostic = { severity: 'warning', code: 'import/retry', message } as const;
      ports.emit({ type: 'diagnostic', diagnostic });
    },
  };
}
