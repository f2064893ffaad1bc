import type { DvcNote } from '../../model/dvc.ts';
import type { Locator, ValuePath } from '../source.ts';

/** Codes of what an import tells. Permanent: tools match on them. */
export type NoteCode = `import-dvc/${
  | 'external-dep'
  | 'external-out'
  | 'unknown-field'
  | 'remote-field'
  | 'labels'
  | 'params-format'
  | 'several-plots'
  | 'plots-section'
  | 'metrics-section'
  | 'params-section'
  | 'artifact'
  | 'datasets'
  | 'renamed'
  | 'templated-elsewhere'
  | 'written-out'
  | 'imported-data'
  | 'no-content'
  | 'remote'
  | 'not-locked'
  | 'missing'
  | 'corrupt'
  | 'refused'}`;

/** Tells of one file of the DVC project. */
export interface Noter {
  note(code: NoteCode, path: ValuePath, message: string, hint: string): void;
  /** For a part of the file: paths start at `prefix`. */
  within(prefix: ValuePath): Noter;
}

export function createNoter(
  file: string,
  at: Locator | undefined,
  tell: (note: DvcNote) => void,
  prefix: ValuePath = [],
): Noter {
  return {
    note(code, path, message, hint) {
      const line = at?.key([...prefix, ...path]).span.line;
      tell({ code, file, ...(line !== undefined && { line }), message, hint });
    },
    within: (more) => createNoter(file, at, tell, [...prefix, ...more]),
  };
}
