import type { AvianEvent, Emit } from '../../model/event.ts';
import type { RepoPath } from '../../model/names.ts';

type Phase = Extract<AvianEvent, { readonly type: 'progress' }>['phase'];

/** Counts files and bytes of one piece of work, and tells at most twice a second. */
export interface Progress {
  add(files: number, bytes: number): void;
}

const INTERVAL_MS = 500;

export function startProgress(emit: Emit, phase: Phase, path: RepoPath): Progress {
  let files = 0;
  let bytes = 0;
  let told = performance.now();
  return {
    add(moreFiles, moreBytes) {
      files += moreFiles;
      bytes += moreBytes;
      const now = performance.now();
      if (now - told < INTERVAL_MS) return;
      told = now;
      emit({ type: 'progress', phase, path, files, bytes });
    },
  };
}
