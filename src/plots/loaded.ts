import type { RepoPath } from '../model/names.ts';
import type { Picture, PlotDeclaration, PlotSource } from '../model/plot.ts';
import type { Table } from './table.ts';

/** What a declared chart reads, as one revision has it. */
export interface Loaded {
  readonly revision: string;
  readonly tables: readonly LoadedTable[];
  /** For a chart of pictures alone. */
  readonly pictures: readonly Picture[];
  /** Pictures beyond those taken. */
  readonly leftOut: number;
  /** What is not there or cannot be read, one sentence each. */
  readonly notes: readonly string[];
}

export interface LoadedTable {
  readonly source: PlotSource;
  /** The file itself; the source's, or one in the source's folder. */
  readonly file: RepoPath;
  readonly table: Table;
  /** Where `x` comes from another file. */
  readonly xTable?: Table;
}

/** Whether a chart shows pictures rather than rows, `holdsPictures` telling of what lies at its path. */
export const isOfPictures = (
  { template }: Pick<PlotDeclaration, 'template'>,
  holdsPictures: boolean,
): boolean => template === 'images' || (template === undefined && holdsPictures);

/** Tells what could not be done as declared, in a sentence without its full stop. */
export type Note = (sentence: string) => void;
