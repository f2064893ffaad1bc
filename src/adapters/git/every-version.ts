import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { problem } from '../../model/diagnostic.ts';
import { ProblemError } from '../../model/problem-error.ts';
import type { GitOptions } from './git.ts';

/**
 * Three looks at git however many commits there are: 5,000 commits with as many locks of 20 KB took
 * 1.2 s. See the port for what is promised.
 */
export async function* everyVersion(name: string, place: Place): AsyncIterable<string> {
  if (!hasRepository(place.cwd)) return;
  const blobs = new Set<string>();
  const collect = (text: string): void => {
    for (const [, id = ''] of text.matchAll(BLOB)) if (!/^0+$/.test(id)) blobs.add(id);
  };
  // Anywhere in the repository: the project may have lain elsewhere when a commit was made.
  const pathspec = `:(top,glob)**/${name}`;
  collect(await git(place, ['ls-files', '--stage', '--', pathspec], ''));
  // `--all` has the newest stash only; the others are its reflog.
  const stashes = await git(place, ['stash', 'list', '--format=%H'], '');
  collect(
    await git(
      place,
      // Full history, and merges against each parent: a version that a merge threw away counts too.
      [
        'log',
        '--all',
        '--full-history',
        '-m',
        '--root',
        '--format=',
        '--raw',
        '--no-abbrev',
      ].concat(['--no-renames', '--no-ext-diff', '--no-show-signature', '--stdin']),
      `${stashes}--\n${pathspec}\n`,
    ),
  );
  yield* contents(place, [...blobs]);
}

/** `:100644 100644 <old> <new> M<TAB>path` of log, `100644 <id> 0<TAB>path` of ls-files. */
const BLOB =
  /(?<=^(?::[0-7]{6} [0-7]{6} [0-9a-f]+|:[0-7]{6} [0-7]{6}|[0-7]{6}) )([0-9a-f]{40,64})(?= )/gm;

type Place = Pick<GitOptions, 'cwd' | 'env'>;

const start = (words: readonly string[], { cwd, env }: Place) =>
  spawn('git', words, {
    ...{ cwd, stdio: 'pipe' },
    env: { ...env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
  });

function hasRepository(folder: string): boolean {
  if (existsSync(join(folder, '.git'))) return true;
  const parent = dirname(folder);
  return parent !== folder && hasRepository(parent);
}

/** Output of a git command; whatever goes wrong is a reason not to rely on it. */
function git(place: Place, words: readonly string[], stdin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = start(words, place);
    const out: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (piece: Buffer) => out.push(piece));
    child.stderr.on('data', (piece: Buffer) => (said = (said + String(piece)).slice(-2000)));
    child.on('error', (error) => reject(unreadable(error.message)));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(unreadable(said.trim() || `git ${words[0] ?? ''} ended with ${code}`));
    });
    // It may end before it has read all; its exit code says so.
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
  });
}

/** The texts of blobs, from one `git cat-file --batch`. */
async function* contents(place: Place, blobs: readonly string[]): AsyncIterable<string> {
  if (blobs.length === 0) return;
  const child = start(['cat-file', '--batch'], place);
  const failed = new Promise<never>((_, reject) => {
    child.on('error', (error) => reject(unreadable(error.message)));
  });
  failed.catch(() => undefined);
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${blobs.join('\n')}\n`);
  let held: Buffer = Buffer.alloc(0);
  let found = 0;
  const pieces = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  /** More output at the end of what is held; false when there is no more. */
  const more = async (): Promise<boolean> => {
    const next = await Promise.race([pieces.next(), failed]);
    if (next.done !== true)
      held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    return next.done !== true;
  };
  try {
    while (found < blobs.length) {
      let end = held.indexOf(0x0a);
      while (end < 0 && (await more())) end = held.indexOf(0x0a);
      const header = held.subarray(0, Math.max(end, 0)).toString();
      const size = Number(/^[0-9a-f]+ blob ([0-9]+)$/.exec(header)?.[1] ?? NaN);
      // A shallow or partial clone may not have it, and then nobody knows what it needs.
      if (Number.isNaN(size)) throw unreadable(`git has no ${header || 'more'} of ${blobs.length}`);
      while (held.length < end + 1 + size + 1) {
        if (!(await more())) throw unreadable('git cat-file ended too early');
      }
      yield held.subarray(end + 1, end + 1 + size).toString();
      held = held.subarray(end + 1 + size + 1);
      found += 1;
    }
  } finally {
    child.kill();
  }
}

const unreadable = (cause: string): ProblemError =>
  new ProblemError(
    problem(
      'stage',
      'git/unreadable',
      `the commits of this repository cannot be read: ${cause}`,
      'what they need is not known, so nothing is removed; `git fsck` looks for the fault',
    ),
  );
