/** Starts the service as a process of its own, from source or from a bundle. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface RunningService {
  readonly url: string;
  readonly child: ChildProcess;
  /** Every line of the log so far. */
  readonly log: readonly Record<string, unknown>[];
  readonly exit: Promise<number | null>;
}

const mainModule = fileURLToPath(new URL('../main.ts', import.meta.url));

/**
 * Resolves when the log names the URL; `url` is empty where the process ended before. The environment is `env` alone.
 * The process ends with the test at the latest.
 */
export async function startService(
  t: { teardown(action: () => void): void },
  env: Readonly<Record<string, string>>,
  {
    script = mainModule,
    cwd = process.cwd(),
    nodeOptions = [] as readonly string[],
  }: { script?: string; cwd?: string; nodeOptions?: readonly string[] } = {},
): Promise<RunningService> {
  // What measures coverage reaches child processes through NODE_OPTIONS and NODE_V8_COVERAGE.
  const kept = ['NODE_OPTIONS', 'NODE_V8_COVERAGE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const child = spawn(process.execPath, [...nodeOptions, script], {
    cwd,
    env: { ...Object.fromEntries(kept), HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const log: Record<string, unknown>[] = [];
  const lines = createInterface(child.stdout);
  const lastLine = new Promise<void>((resolve) => lines.on('close', resolve));
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    // The last lines may be told later than the end of the process.
    child.on('close', (code) => void lastLine.then(() => resolve(code)));
  });
  const url = await new Promise<string>((resolve) => {
    lines.on('line', (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      log.push(entry);
      if (typeof entry['url'] === 'string') resolve(entry['url']);
    });
    void exit.then(() => {
      resolve('');
    });
  });
  return { url, child, log, exit };
}
