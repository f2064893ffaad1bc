import type { Digest } from '../model/names.ts';
import type { Call, Content } from './bucket.ts';

/** A file by the name that a person knows it by, `/` between parts. */
export interface PlainFile {
  readonly name: string;
  readonly digest: Digest;
  readonly size: number;
  readonly executable: boolean;
}

/** `same` and `differs`: something is there, and stays; `unable`: this place has no such thing. */
export type Put = 'written' | 'same' | 'differs' | 'unable';

export interface PutOptions {
  /** Writes in the place of a file or link that differs. A directory stays whatever is asked. */
  readonly replace: boolean;
}

/**
 * Where `avian export` writes: a folder, or a bucket below a prefix. Files are there whole or not at all.
 * @throws ProblemError when a place cannot be written, or content is not what its digest says
 */
export interface ExportTarget {
  file(file: PlainFile, content: Content, call: Call, options: PutOptions): Promise<Put>;
  link(name: string, target: string, options: PutOptions): Promise<Put>;
  /** An empty directory. */
  directory(name: string): Promise<Put>;
}
