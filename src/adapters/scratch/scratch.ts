import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Scratch } from '../../ports/scratch.ts';

/** Scratch files in `cache/v1/tmp/scratch`. */
export function openScratch(folder: string, hash: (text: string) => string): Scratch {
  return {
    write(text) {
      const path = join(folder, `${hash(text).slice(0, 32)}.json`);
      // Its name is no proof: a power cut leaves it empty, and a stage trained without its parameters.
      if (textAt(path) !== text) replace(path, text);
      return Promise.resolve(path);
    },
  };
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function replace(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${Math.random().toString(36).slice(2)}`;
  try {
    writeFileSync(temporary, text, { mode: 0o444 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
