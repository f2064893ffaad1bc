import { readFileSync } from 'node:fs';
// Renamed: the bundle has `requireFrom(import.meta.url)` replaced by its own `require`.
import { createRequire as requireFrom } from 'node:module';
import type { Ignore } from 'ignore';
import type * as Package from 'ignore';
import type { RepoPath } from '../../model/names.ts';
import { isErrno } from './failure.ts';

export const IGNORE_FILE = '.avianignore';

/** The rules of one `.avianignore`, for what lies below its directory (absolute). */
interface Level {
  readonly directory: string;
  readonly rules: Ignore;
}

/** What `.avianignore` files leave out, as seen from one directory. As in git, the deepest file has the last word. */
export class Ignores {
  readonly #levels: readonly Level[];
  /** The texts that were read above a digested path; undefined when there are none. */
  readonly id: string | undefined;
  readonly #isAsked: boolean;

  /** `isAsked` false: everything counts, whatever files say. */
  constructor(levels: readonly Level[], id: string | undefined, isAsked: boolean) {
    this.#levels = levels;
    this.id = id;
    this.#isAsked = isAsked;
  }

  /** Whether anything can be left out here. */
  get isEmpty(): boolean {
    return this.#levels.length === 0;
  }

  /** Inside a directory with these names: with the file that lies there, if one does. */
  inside(directory: string, names: readonly string[]): Ignores {
    if (!this.#isAsked || !names.includes(IGNORE_FILE)) return this;
    const text = readIgnoreFile(directory);
    return text === undefined ? this : this.with(directory, text);
  }

  with(directory: string, text: string): Ignores {
    return new Ignores([...this.#levels, { directory, rules: parse(text) }], this.id, true);
  }

  /** The same under another id. */
  named(id: string): Ignores {
    return new Ignores(this.#levels, id, this.#isAsked);
  }

  excludes(path: string, isDirectory: boolean): boolean {
    let isExcluded = false;
    for (const { directory, rules } of this.#levels) {
      // A file has no say about the directory that it lies in.
      if (path.length <= directory.length) continue;
      const below = path.slice(directory.length + 1);
      const { ignored, unignored } = rules.test(isDirectory ? `${below}/` : below);
      if (ignored) isExcluded = true;
      else if (unignored) isExcluded = false;
    }
    return isExcluded;
  }
}

/** For looks that have to see everything there is. */
export const NOTHING_IGNORED = new Ignores([], undefined, false);

export interface IgnoreFiles {
  /** What is left out at and below a path by the files in the directories above it. */
  above(path: RepoPath): Ignores;
}

/**
 * The project's ignore files. Each directory is asked once a process: a no-op then costs one failed
 * open a directory, and an edit counts from the next invocation on.
 */
export function openIgnoreFiles(root: string): IgnoreFiles {
  const texts = new Map<string, string | undefined>();
  const none = new Ignores([], undefined, true);
  const textIn = (directory: string): string | undefined => {
    if (!texts.has(directory)) texts.set(directory, readIgnoreFile(directory));
    return texts.get(directory);
  };
  return {
    above(path) {
      let found = none;
      const parts: (readonly [directory: string, text: string])[] = [];
      let directory = root;
      for (const name of path === '.' ? [] : path.split('/')) {
        const text = textIn(directory);
        if (text !== undefined) {
          parts.push([directory.slice(root.length), text]);
          found = found.with(directory, text);
        }
        directory = `${directory}/${name}`;
      }
      return parts.length === 0 ? none : found.named(JSON.stringify(parts));
    },
  };
}

function readIgnoreFile(directory: string): string | undefined {
  try {
    return readFileSync(`${directory}/${IGNORE_FILE}`, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined;
    throw error;
  }
}

/** Loaded at the first file: a project without one does not pay for it. */
function parse(text: string): Ignore {
  const { default: ignore } = requireFrom(import.meta.url)('ignore') as typeof Package;
  return ignore({ ignorecase: false }).add(text);
}
