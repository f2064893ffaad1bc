import { overlap, type RepoPath } from '../../model/names.ts';
import type {
  ChangingCommit,
  GitStanding,
  Revisions,
  UnmergedFile,
} from '../../ports/revisions.ts';
import { openGit, type Git, type GitOptions } from './git.ts';
import { everyVersion } from './every-version.ts';

/** Asks git about the project at `root`; every question is a process of its own, so ask rarely. */
export function openRevisions({
  root,
  env,
  timeoutMs = 10_000,
}: {
  readonly root: string;
  readonly env: GitOptions['env'];
  readonly timeoutMs?: number;
}): Revisions {
  const git = openGit({ cwd: root, env, timeoutMs });
  return {
    fileAt: async (revision, path) =>
      isWord(revision) ? textOf(git, `${revision}:./${path}`) : undefined,
    standing: () => standing(git),
    async commitOf(revision) {
      if (!isWord(revision)) return undefined;
      const named = `${revision}^{commit}`;
      return line(await git('rev-parse', '--verify', '--quiet', '--end-of-options', named));
    },
    commitsOf: (path, most) => commitsOf(git, path, most),
    unmerged: (path) => unmerged(git, path),
    markMerged: async (path) => (await git('add', '--', path)).kind === 'ok',
    addable: (paths) => addable(git, paths),
    prefix: async () => line(await git('rev-parse', '--show-prefix')),
    setting: async (key) => line(await git('config', '--get', key)),
    everyVersion: (name) => everyVersion(name, { cwd: root, env }),
    setSetting: async (key, value) => (await git('config', '--local', key, value)).kind === 'ok',
  };
}

/** No option of git's, and nothing that `rev:path` would split elsewhere. */
const isWord = (revision: string): boolean => /^[^-:\s][^:\s]*$/.test(revision);

const line = (answer: Awaited<ReturnType<Git>>): string | undefined =>
  answer.kind === 'ok' ? answer.stdout.replace(/\n$/, '') : undefined;

async function commitsOf(git: Git, path: string, most: number): Promise<readonly ChangingCommit[]> {
  const log = await git('log', '-z', `--max-count=${most}`, '--format=%H %s', '--', path);
  if (log.kind !== 'ok') return [];
  return log.stdout.split('\0').flatMap((entry): ChangingCommit[] => {
    const [, id, subject = ''] = /^([0-9a-f]{40,64}) (.*)$/.exec(entry) ?? [];
    return id === undefined ? [] : [{ id, subject }];
  });
}

async function textOf(git: Git, object: string): Promise<string | undefined> {
  const shown = await git('show', '--no-textconv', '--end-of-options', object);
  return shown.kind === 'ok' ? shown.stdout : undefined;
}

async function standing(git: Git): Promise<GitStanding> {
  const inside = await git('rev-parse', '--is-inside-work-tree');
  switch (inside.kind) {
    case 'ok':
      return inside.stdout.trim() === 'true' ? { kind: 'repository' } : { kind: 'no-repository' };
    case 'refused':
      return /not a git repository/.test(inside.message)
        ? { kind: 'no-repository' }
        : { kind: 'unusable', cause: inside.message.split('\n')[0] ?? '' };
    case 'unusable':
      return inside;
  }
}

/** Short of what a system takes as arguments, whatever the paths. */
const PATHS_A_CALL = 500;

async function addable(git: Git, paths: readonly RepoPath[]): Promise<readonly RepoPath[]> {
  const found: RepoPath[] = [];
  for (let from = 0; from < paths.length; from += PATHS_A_CALL) {
    const asked = paths.slice(from, from + PATHS_A_CALL);
    // A directory of which git knows nothing is one entry, with a slash behind it.
    const listed = await git(
      ...['--literal-pathspecs', 'ls-files', '-z', '--others', '--exclude-standard'],
      ...['--directory', '--no-empty-directory', '--', ...asked],
    );
    if (listed.kind !== 'ok') return [];
    const entries = listed.stdout.split('\0').filter(Boolean);
    const unknown = entries.map((entry) => entry.replace(/\/$/, '') as RepoPath);
    found.push(...asked.filter((path) => unknown.some((entry) => overlap(path, entry))));
  }
  return found;
}

/** Stages 1, 2 and 3 of the index: `100644 <object> <stage>\t<path>`. */
async function unmerged(git: Git, path: string): Promise<UnmergedFile | undefined> {
  const listed = await git('ls-files', '--unmerged', '-z', '--', path);
  if (listed.kind !== 'ok' || listed.stdout === '') return undefined;
  const objects = new Map(
    listed.stdout.split('\0').flatMap((entry): [string, string][] => {
      const [, object, stage] = /^\d+ ([0-9a-f]+) ([123])\t/.exec(entry) ?? [];
      return object === undefined || stage === undefined ? [] : [[stage, object]];
    }),
  );
  const text = async (stage: string): Promise<string | undefined> => {
    const object = objects.get(stage);
    return object === undefined ? undefined : textOf(git, object);
  };
  const [base, ours, theirs] = [await text('1'), await text('2'), await text('3')];
  return {
    ...(base !== undefined && { base }),
    ...(ours !== undefined && { ours }),
    ...(theirs !== undefined && { theirs }),
  };
}
