import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

export const INSTALL_DVC = 'pip install dvc==3.67.1';

/** The program `dvc`: AVIAN_DVC, else the one on PATH. Undefined where there is none of version 3. */
export function findDvc(): string | undefined {
  const program = process.env['AVIAN_DVC'] ?? onPath('dvc');
  if (program === undefined) return undefined;
  try {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8', env: quiet() });
    return version.startsWith('3.') ? program : undefined;
  } catch {
    return undefined;
  }
}

function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Without the analytics of DVC, which would ask the network and write to the home folder. */
const quiet = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  DVC_NO_ANALYTICS: '1',
  DVC_TEST: 'true',
  ...more,
});

export const runDvc = (program: string, cwd: string, words: readonly string[]) =>
  execa(program, words, { cwd, env: quiet(), stripFinalNewline: false });

export interface Answer {
  readonly status: number;
  readonly lines: readonly string[];
}

/** A DVC that stays: a second of start-up once, and not for each of a thousand calls. */
export interface DvcDriver {
  call(cwd: string, ...argv: string[]): Promise<Answer>;
  close(): Promise<void>;
}

export function startDvc(program: string, env: NodeJS.ProcessEnv): DvcDriver {
  // The Python that pip wrote into the first line of the program has DVC installed.
  const [, python] = /^#!(\S*python\S*)/.exec(readFileSync(program, 'utf8')) ?? [];
  if (python === undefined) throw new Error(`${program} is no Python program`);
  const child = spawn(python, [join(import.meta.dirname, 'dvc-driver.py')], {
    env: quiet(env),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async call(cwd, ...argv) {
      child.stdin.write(`${JSON.stringify({ cwd, argv })}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`DVC ended at \`dvc ${argv.join(' ')}\``);
      return JSON.parse(value) as Answer;
    },
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
