import type { Project } from '../model/pipeline.ts';

/** The text files a person writes: pipeline.yaml, params.yaml, conf/, .gitignore. Paths are relative to the root. */
export interface ProjectFiles {
  /** Undefined when there is no such file. */
  read(path: string): string | undefined;
  /** Names in a directory, sorted by code unit; empty when there is none. */
  list(path: string): readonly string[];
  /** Creates directories on the way; atomic. */
  write(path: string, text: string): void;
}

/**
 * A validated project, remembered with the exact text of every file it came from, so that an
 * unchanged one is loaded without YAML parser and schema validators.
 */
export interface ProjectCache {
  /** The project as remembered, or undefined when any file differs, `version` differs or nothing is remembered. */
  load(version: string, overrides: readonly string[]): Project | undefined;
  store(
    version: string,
    overrides: readonly string[],
    project: Project,
    filesRead: readonly string[],
  ): void;
}
