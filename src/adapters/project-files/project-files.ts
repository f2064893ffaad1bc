import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { byCodeUnit } from '../../model/json.ts';
import type { ProjectFiles } from '../../ports/project-files.ts';

/** The project's own text files. Synchronous: there are a handful, and each takes some 20 µs. */
export function openProjectFiles(root: string): ProjectFiles {
  return {
    read: (path) => unlessAbsent(() => readFileSync(join(root, path), 'utf8')),
    list: (path) => unlessAbsent(() => readdirSync(join(root, path)).sort(byCodeUnit)) ?? [],
    write: (path, text) => {
      const target = join(root, path);
      mkdirSync(dirname(target), { recursive: true });
      const temporary = `${target}.avian-tmp`;
      try {
        // Synced: these are people's own files, of which a power cut may leave the old or the new.
        writeFileSync(temporary, text, { flush: true });
        renameSync(temporary, target);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    },
  };
}

function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}
