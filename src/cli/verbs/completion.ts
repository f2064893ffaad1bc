import { join, resolve } from 'node:path';
import { hashText } from '../../adapters/hash/blake3.ts';
import { openProjectCache } from '../../adapters/project-files/project-cache.ts';
import { openProjectFiles } from '../../adapters/project-files/project-files.ts';
import { NO_NAMES, projectNames, type ProjectNames } from '../../commands/project-names.ts';
import { problem } from '../../model/diagnostic.ts';
import { closest } from '../../model/did-you-mean.ts';
import { parseWords } from '../arguments.ts';
import { complete } from '../completion/complete.ts';
import { SHELLS, scriptFor } from '../completion/scripts.ts';
import type { VerbTexts } from '../completion/usage.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import { findRoot } from '../find-root.ts';
import type { Io } from '../io.ts';
import { oneWord } from '../one-word.ts';
import { tellProblem } from '../tell-problem.ts';
import { VERSION } from '../version.ts';

/** `completion <shell>` for people; `completion --words -- word…` is what the shells ask while one types. */
export const completionOf = (verbs: VerbTexts) => ({
  run: async (words: readonly string[], io: Io): Promise<ExitStatus> => {
    if (words[0] !== '--words' || words[1] !== '--') return script(words, io);
    await answer(words.slice(2), verbs, io);
    return exitStatus.ok;
  },
});

function script(words: readonly string[], io: Io): ExitStatus {
  const parsed = parseWords(words, {});
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const word = oneWord(parsed.value.positionals, 'completion', 'a shell: bash, zsh or fish');
  if (!word.ok) return tellProblem(word.error, io);
  const shell = SHELLS.find((each) => each === word.value);
  if (shell === undefined) {
    const message = `there is no completion for \`${word.value}\``;
    const near = closest(word.value, SHELLS);
    const hint = near === undefined ? 'bash, zsh and fish have one' : `did you mean "${near}"?`;
    return tellProblem(problem('usage', 'usage/unknown-shell', message, hint), io);
  }
  io.stdout(scriptFor(shell));
  return exitStatus.ok;
}

/** One candidate a line, its description behind a tab. An error would stand in the middle of somebody's line. */
async function answer(typed: readonly string[], verbs: VerbTexts, io: Io): Promise<void> {
  try {
    const { words, cwd } = withoutDirectory(typed, io.cwd);
    const candidates = await complete({ words, verbs, names: () => namesIn(cwd) });
    const clean = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, ' ');
    const safe = candidates.filter(({ word }) => word === clean(word));
    io.stdout(safe.map(({ word, about }) => `${word}\t${clean(about)}\n`).join(''));
  } catch {
    // A project that cannot be read, a cache of another version: there is nothing to offer.
  }
}

/** `avian -C DIR …` completes for the project there. */
function withoutDirectory(
  typed: readonly string[],
  cwd: string,
): { readonly words: readonly string[]; readonly cwd: string } {
  const [option, directory, ...rest] = typed;
  return (option === '-C' || option === '--cd') && directory !== undefined && rest.length > 0
    ? withoutDirectory(rest, resolve(cwd, directory))
    : { words: typed, cwd };
}

async function namesIn(cwd: string): Promise<ProjectNames> {
  const root = findRoot(cwd);
  if (root === undefined) return NO_NAMES;
  const files = openProjectFiles(root);
  const projectCache = openProjectCache(join(root, 'cache/v1/project.json'), files, hashText);
  return projectNames({ files, projectCache, version: VERSION });
}
