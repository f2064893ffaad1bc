import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Test } from 'tap';

/** The bin as npm links it. */
export const AVIAN = join(import.meta.dirname, '../dist/avian.js');

export interface Ended {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project in a folder of its own, and the real avian in it. */
export interface Rig {
  readonly root: string;
  write(path: string, text: string): void;
  read(path: string): string;
  /** Starts avian; the promise ends with its exit code and both streams. */
  start(words: readonly string[], env?: NodeJS.ProcessEnv): ReturnType<typeof spawnAvian>;
  avian(words: string | readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>;
  git(...words: string[]): Promise<string>;
}

export function createRig(t: Test, files: { readonly [path: string]: string } = {}): Rig {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'avian-e2e-')));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const rig: Rig = {
    root,
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    read: (path) => readFileSync(join(root, path), 'utf8'),
    start: (words, env = {}) => spawnAvian(root, words, env),
    async avian(words, env) {
      const list = typeof words === 'string' ? words.split(' ').filter((word) => word) : words;
      const { exitCode, stdout, stderr } = await rig.start(list, env);
      return { code: exitCode, stdout, stderr };
    },
    git: (...words) =>
      new Promise((resolve, reject) => {
        const who = ['-c', 'user.name=Robin', '-c', 'user.email=robin@example.org'];
        execFile('git', [...who, ...words], { cwd: root }, (error, stdout) => {
          if (error === null) resolve(stdout);
          else reject(new Error(`git ${words.join(' ')}`, { cause: error }));
        });
      }),
  };
  for (const [path, text] of Object.entries(files)) rig.write(path, text);
  return rig;
}

function spawnAvian(cwd: string, words: readonly string[], env: NodeJS.ProcessEnv) {
  return execa(process.execPath, [AVIAN, ...words], {
    cwd,
    env: { NO_COLOR: '1', ...env },
    reject: false,
    stripFinalNewline: false,
  });
}

/** Seven stages that copy a file along, as in the README's claim about a no-op. */
export const SEVEN_COPIES = {
  'pipeline.yaml': `stages:\n${Array.from(
    { length: 7 },
    (_, index) =>
      `  copy${index + 1}:\n    cmd: cp f${index} f${index + 1}\n    deps: [f${index}]\n    outs: [f${index + 1}]\n`,
  ).join('')}`,
  f0: 'robin\n',
};
