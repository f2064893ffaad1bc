import { execFileSync } from 'node:child_process';
import { execa } from 'execa';

export const INSTALL_DVC = 'pip install dvc==3.67.1';

/**
 * The program `dvc`: AVIAN_DVC, else the one on PATH. Undefined where there is none, or one of
 * another major version.
 */
export function findDvc(): string | undefined {
  const program = process.env['AVIAN_DVC'] ?? 'dvc';
  try {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8', env: quietDvc() });
    return version.startsWith('3.') ? program : undefined;
  } catch {
    return undefined;
  }
}

/** Without the analytics of DVC, which would write to the home folder and ask the network. */
const quietDvc = (): NodeJS.ProcessEnv => ({
  ...process.env,
  DVC_NO_ANALYTICS: '1',
  DVC_TEST: 'true',
});

export const runDvc = (program: string, cwd: string, words: readonly string[]) =>
  execa(program, words, { cwd, env: quietDvc(), stripFinalNewline: false });
