import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Scratch } from '../../ports/scratch.ts';

/** Scratch files in `cache/v1/tmp/scratch`. */
export function openScratch(folder: string, hash: (text: string) => string): Scratch {
  return {
    write(text) {
      const path = join(folder, `${hash(text).slice(0, 32)}.json`);
      if (!existsSync(path)) {
        mkdirSync(dirname(path), { recursive: true });
        const temporary = `${path}.${Math.random().toString(36).slice(2)}`;
        writeFileSync(temporary, text, { mode: 0o444 });
        renameSync(temporary, path);
      }
      return Promise.resolve(path);
    },
  };
}
