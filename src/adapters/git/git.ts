import { execFile } from 'node:child_process';

export type GitAnswer =
  | { readonly kind: 'ok'; readonly stdout: string }
  /** git ended with another status than 0, and said why. */
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  | { readonly kind: 'unusable'; readonly cause: string };

export type Git = (...words: readonly string[]) => Promise<GitAnswer>;

export interface GitOptions {
  /** Where git is started, absolute. */
  readonly cwd: string;
  readonly env: { readonly [name: string]: string | undefined };
  readonly timeoutMs: number;
}

/** Larger than any text file of a project. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Runs git without a shell and with a time limit, so that no word is interpreted and nothing hangs. */
export const openGit =
  ({ cwd, env, timeoutMs }: GitOptions): Git =>
  (...words) =>
    new Promise((resolve) => {
      const options = {
        cwd,
        // Asking must not take git's index lock from somebody who works there, nor wait for a password.
        env: { ...env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: MOST_BYTES,
      } as const;
      const child = execFile('git', words, options, (error, stdout, stderr) => {
        if (error === null) resolve({ kind: 'ok', stdout });
        else if (typeof error.code === 'number') {
          resolve({ kind: 'refused', code: error.code, message: stderr.trim() });
        } else resolve({ kind: 'unusable', cause: causeOf(error, timeoutMs) });
      });
      child.stdin?.end();
    });

function causeOf(
  error: { readonly code?: unknown; readonly killed?: boolean; readonly message: string },
  timeoutMs: number,
): string {
  if (error.code === 'ENOENT') return 'git is not installed';
  if (error.killed === true) return `git gave no answer within ${timeoutMs / 1000} s`;
  return error.message;
}
