import { execFile } from 'node:child_process';
import type { Revisions } from '../../ports/revisions.ts';

/** Reads committed files by `git show`; everything git refuses is an absent file. */
export function openRevisions(root: string): Revisions {
  return {
    fileAt: (revision, path) =>
      new Promise((resolve) => {
        if (revision.startsWith('-')) {
          resolve(undefined);
          return;
        }
        const words = ['show', `${revision}:./${path}`];
        const options = { cwd: root, maxBuffer: 256 * 1024 * 1024, timeout: 10_000 };
        execFile('git', words, options, (error, stdout) => {
          resolve(error === null ? stdout : undefined);
        });
      }),
  };
}
