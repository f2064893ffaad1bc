import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { hashText } from '../../adapters/hash/blake3.ts';
import { openLockStore } from '../../adapters/lock-store/lock-store.ts';
import { mergeLock, mergeLockTexts } from '../../commands/merge-lock.ts';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { mergedLockJson, mergedLockText } from '../../report/merge-lock.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellDiagnostics } from '../tell-diagnostics.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = { json: { type: 'boolean', default: false } } as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const [base, ours, theirs] = positionals;
  if (base === undefined) {
    return withProject(io, tellDiagnostics(io), async (context) =>
      show(
        await mergeLock(context),
        { text: mergedLockText, json: mergedLockJson },
        options.json,
        io,
      ),
    );
  }
  if (ours === undefined || theirs === undefined || positionals.length > 3) {
    const message = '`avian merge-lock` takes no words, or three files: the base, ours and theirs';
    return tellProblem(
      problem('usage', 'usage/wrong-words', message, 'avian merge-lock --help'),
      io,
    );
  }
  return mergeFiles({ base, ours, theirs }, io);
}

/**
 * As git calls a merge driver: the result takes the place of `ours`, and every status but 0 tells
 * git that there is a conflict. It needs no project, since pipeline.yaml may be in conflict itself.
 */
function mergeFiles(
  files: { readonly base: string; readonly ours: string; readonly theirs: string },
  io: Io,
): ExitStatus {
  const store = openLockStore({ root: io.cwd, cache: resolve(io.cwd, 'cache/v1'), hash: hashText });
  const read = (file: string): Result<string, Problem> => readText(resolve(io.cwd, file));
  const [base, ours, theirs] = [read(files.base), read(files.ours), read(files.theirs)];
  for (const text of [base, ours, theirs]) if (!text.ok) return tellProblem(text.error, io);
  if (!base.ok || !ours.ok || !theirs.ok) return exitStatus.usage;
  const sides = { base: base.value, ours: ours.value, theirs: theirs.value };
  const merge = mergeLockTexts(sides, store);
  if (!merge.ok) return tellProblem(merge.error, io);
  const { lock, conflicts, kept } = merge.value;
  writeFileSync(resolve(io.cwd, files.ours), store.format(lock));
  if (conflicts.length + kept.length > 0) {
    io.stderr(mergedLockText({ merged: true, conflicts, kept }));
  }
  return exitStatus.ok;
}

function readText(path: string): Result<string, Problem> {
  try {
    return ok(readFileSync(path, 'utf8'));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return err(problem('usage', 'usage/unreadable-file', cause));
  }
}
