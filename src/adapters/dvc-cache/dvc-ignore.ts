/**
 * Patterns of .dvcignore files, which are those of .gitignore: which paths DVC leaves out of the
 * hash of a directory. Of all rules that match, the last decides; a folder that is left out is not
 * looked into.
 */
export interface DvcIgnore {
  /** `path` is relative to the project's root. */
  ignores(path: string, isDirectory: boolean): boolean;
  /** With the rules of one more .dvcignore, which lies in `folder` (`''` for the root). */
  with(folder: string, text: string): DvcIgnore;
}

interface Rule {
  readonly pattern: RegExp;
  readonly directoriesOnly: boolean;
  readonly negated: boolean;
}

export function createDvcIgnore(rules: readonly Rule[] = BUILT_IN): DvcIgnore {
  return {
    ignores(path, isDirectory) {
      const deciding = rules.findLast(
        ({ pattern, directoriesOnly }) => (isDirectory || !directoriesOnly) && pattern.test(path),
      );
      return deciding?.negated === false;
    },
    with: (folder, text) =>
      createDvcIgnore([
        ...rules,
        ...text.split('\n').flatMap((line) => ruleOf(folder, line) ?? []),
      ]),
  };
}

function ruleOf(folder: string, line: string): Rule | undefined {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return undefined;
  const negated = trimmed.startsWith('!');
  const directoriesOnly = trimmed.endsWith('/');
  const glob = trimmed.slice(negated ? 1 : 0, directoriesOnly ? -1 : undefined).replace(/^\\/, '');
  const anchored = glob.includes('/');
  const base = folder === '' ? '' : `${escape(folder)}/`;
  const body = translate(glob.replace(/^\//, ''));
  const source = `^${base}${anchored ? '' : '(?:.*/)?'}${body}$`;
  try {
    return { pattern: new RegExp(source, 'u'), directoriesOnly, negated };
  } catch {
    // A class that is no class, such as `[z-a]`, matches nothing.
    return undefined;
  }
}

/** `**` stands for any number of folders, `*` and `?` for what has no slash. */
const translate = (glob: string): string =>
  glob.replace(/\*\*\/|\/\*\*$|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|[^*?[]+|\[/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '/**') return '/.*';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1 && part.startsWith('[')) return part.replace(/^\[!/, '[^');
    return escape(part);
  });

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

const BUILT_IN = ['.git', '.hg/', '.dvc/'].flatMap((line) => ruleOf('', line) ?? []);
