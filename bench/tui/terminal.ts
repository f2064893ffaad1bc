import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program on a terminal of 80 x 24 of its own, by util-linux's `script`. */
export interface Terminal {
  /** Sends keys as a keyboard would. */
  press(keys: string): void;
  /**
   * Waits until what was written to the terminal since the last key holds `what`, and gives how
   * long that took from this call on. Throws when the program ends before, or after half a minute.
   */
  until(what: RegExp): Promise<number>;
  /** User and system time of the program so far, all of its threads, ms. */
  cpuMs(): number;
  /** Waits for the program's end. */
  ended(): Promise<void>;
}

const PATIENCE_MS = 30_000;

export function openTerminal(words: readonly string[], cwd: string): Terminal {
  const folder = mkdtempSync(join(tmpdir(), 'avian-bench-terminal-'));
  const pidFile = join(folder, 'pid');
  const program = ['stty rows 24 cols 80', `echo $$ > ${quoted(pidFile)}`];
  const command = [...program, `exec ${words.map(quoted).join(' ')}`].join('; ');
  const env = { ...process.env, TERM: 'xterm-256color', SHELL: '/bin/sh' };
  for (const name of ['CI', 'NO_COLOR', 'AVIAN_TUI', 'INK_SCREEN_READER']) {
    Reflect.deleteProperty(env, name);
  }
  const script = spawn('script', ['-qec', command, '/dev/null'], {
    ...{ cwd, env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let written = '';
  let onWritten = (): void => undefined;
  script.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
    onWritten();
  });
  let isOver = false;
  const over = new Promise<void>((resolve, reject) => {
    script.on('error', reject).on('close', () => {
      isOver = true;
      onWritten();
      rmSync(folder, { recursive: true });
      resolve();
    });
  });
  return {
    press(keys) {
      written = '';
      script.stdin.write(keys);
    },
    until(what) {
      const began = performance.now();
      return new Promise((resolve, reject) => {
        const given = (why?: string): void => {
          onWritten = () => undefined;
          clearTimeout(timer);
          if (why === undefined) resolve(performance.now() - began);
          else
            reject(
              new Error(`${why} before ${String(what)}: ${JSON.stringify(written.slice(-2000))}`),
            );
        };
        const timer = setTimeout(() => given('half a minute passed'), PATIENCE_MS);
        onWritten = () => {
          if (what.test(written)) given();
          else if (isOver) given('the program ended');
        };
        onWritten();
      });
    },
    cpuMs() {
      const tasks = `/proc/${readFileSync(pidFile, 'utf8').trim()}/task`;
      const nanoseconds = readdirSync(tasks).map((task) =>
        Number(readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ')[0]),
      );
      return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
    },
    ended: () => over,
  };
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
