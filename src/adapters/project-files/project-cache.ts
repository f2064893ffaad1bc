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

type Hash = (text: string) => string;

/**
 * One remembered project, the latest, in one JSON file (`cache/v1/project.json`).
 *
 * Whole texts are compared rather than digests or times: a text cannot be young, touched or copied. The first line is the
 * digest of the second: a flipped byte in a remembered command would be run.
 */
export function openProjectCache(
  file: string,
  files: Pick<ProjectFiles, 'read'>,
  hash: Hash,
): ProjectCache {
  return {
    load(version, overrides) {
      const remembered = read(file, hash);
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
        const text = JSON.stringify(remembered);
        writeFileSync(`${file}.tmp`, `${hash(text)}\n${text}`);
        renameSync(`${file}.tmp`, file);
      } catch {
        // A read-only or full disk only costs the next start its shortcut.
      }
    },
  };
}

function read(file: string, hash: Hash): Remembered | undefined {
  let stored: string;
  try {
    stored = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const end = stored.indexOf('\n');
  const text = stored.slice(end + 1);
  return hash(text) === stored.slice(0, end) ? (JSON.parse(text) as Remembered) : undefined;
}
