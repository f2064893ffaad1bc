import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Project } from '../../model/pipeline.ts';
import type { ProjectCache, ProjectFiles } from '../../ports/project-files.ts';

interface Remembered {
  readonly version: string;
  readonly overrides: readonly string[];
  /** Exact text by path, null where there was no file. */
  readonly files: { readonly [path: string]: string | null };
  readonly project: Project;
}

/**
 * One remembered project, the latest, in one JSON file (`cache/v1/project.json`).
 *
 * Whole texts are compared rather than digests or times: reading four small files costs less than
 * loading the hash function, and a text cannot be young, touched or copied.
 */
export function openProjectCache(file: string, files: Pick<ProjectFiles, 'read'>): ProjectCache {
  return {
    load(version, overrides) {
      const remembered = read(file);
      if (remembered?.version !== version) return undefined;
      if (remembered.overrides.join('\0') !== overrides.join('\0')) return undefined;
      for (const [path, text] of Object.entries(remembered.files)) {
        if ((files.read(path) ?? null) !== text) return undefined;
      }
      return remembered.project;
    },
    store(version, overrides, project, filesRead) {
      const texts = Object.fromEntries(filesRead.map((path) => [path, files.read(path) ?? null]));
      const remembered: Remembered = { version, overrides, files: texts, project };
      try {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(`${file}.tmp`, JSON.stringify(remembered));
        renameSync(`${file}.tmp`, file);
      } catch {
        // A read-only or full disk only costs the next start its shortcut.
      }
    },
  };
}

function read(file: string): Remembered | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Remembered;
  } catch {
    return undefined;
  }
}
