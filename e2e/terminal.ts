import { execFile, execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { AVIAN } from './rig.ts';

/** Why there can be no terminal here, and what to do about it; false when there can. */
export function missingTmux(): string | false {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs tmux: apt-get install tmux';
  }
}

/** A real terminal, by tmux, with avian in it. */
export interface Terminal {
  /** The lines on screen without spaces at their ends, and without empty ones at the end. */
  screen(): Promise<readonly string[]>;
  /** By tmux's names: `q`, `Enter`, `C-c`. */
  keys(...keys: readonly string[]): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** Waits until the screen is so, and gives it; fails with what was seen last. */
  until(what: string | RegExp, seconds?: number): Promise<readonly string[]>;
  /** Every byte that was written to the terminal. */
  bytes(): string;
  /** As tmux knows it: whether the alternate screen is on, the cursor visible, … */
  flag(name: string): Promise<string>;
  /** What was copied last, by the terminal's own way (OSC 52). */
  clipboard(): Promise<string>;
  /** Of avian in it. */
  pid(): number;
  /** The modes of the terminal after avian's end, as `stty -a` says them. */
  stty(): string;
}

/**
 * Starts `avian <words>` in a terminal of its own. When it ends, the last line on screen says
 * `exit <code>`.
 */
export async function openTerminal(
  t: Test,
  root: string,
  words: readonly string[],
  options: {
    readonly columns?: number;
    readonly rows?: number;
    readonly env?: { readonly [name: string]: string };
  } = {},
): Promise<Terminal> {
  const { columns = 80, rows = 24, env = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'avian-terminal-'));
  const socket = join(folder, 'socket');
  const written = join(folder, 'bytes');
  closeSync(openSync(written, 'w'));
  const tmux = (...args: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile('tmux', ['-S', socket, '-f', '/dev/null', ...args], (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`tmux ${args.join(' ')}`, { cause: error }));
      });
    });
  t.teardown(async () => {
    await tmux('kill-server').catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  const settings = { TERM: 'tmux-256color', CI: '', AVIAN_TUI: '', NO_COLOR: '1', ...env };
  const assignments = Object.entries(settings).map(([name, value]) => `${name}=${quoted(value)}`);
  const avian = [process.execPath, AVIAN, ...words].map(quoted).join(' ');
  // It begins once all that it writes is being written down.
  const script = [
    `until [ -e ${quoted(join(folder, 'go'))} ]; do sleep 0.02; done`,
    `env ${assignments.join(' ')} sh -c ${quoted(`echo $$ > ${quoted(join(folder, 'pid'))}; exec ${avian}`)}`,
    'echo "exit $?"',
    `stty -a > ${quoted(join(folder, 'stty'))}`,
    'exec sleep 1000',
  ].join('; ');
  const size = ['-x', String(columns), '-y', String(rows)];
  await tmux('new-session', '-d', ...size, '-c', root, `exec sh -c ${quoted(script)}`);
  await tmux('set-option', '-s', 'set-clipboard', 'on');
  await tmux('pipe-pane', `exec cat >> ${quoted(written)}`);
  closeSync(openSync(join(folder, 'go'), 'w'));

  const screen = async (): Promise<readonly string[]> =>
    (await tmux('capture-pane', '-p'))
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  return {
    screen,
    async keys(...keys) {
      await tmux('send-keys', ...keys);
    },
    async resize(x, y) {
      await tmux('resize-window', '-x', String(x), '-y', String(y));
    },
    async until(what, seconds = 30) {
      const end = Date.now() + seconds * 1000;
      for (;;) {
        const lines = await screen();
        const text = lines.join('\n');
        if (typeof what === 'string' ? text.includes(what) : what.test(text)) return lines;
        if (Date.now() > end) throw new Error(`never seen: ${String(what)}, but\n${text}`);
        await sleep(20);
      }
    },
    bytes: () => readFileSync(written, 'utf8'),
    flag: async (name) => (await tmux('display-message', '-p', `#{${name}}`)).trim(),
    clipboard: () => tmux('show-buffer'),
    pid: () => Number(readFileSync(join(folder, 'pid'), 'utf8')),
    stty: () => readFileSync(join(folder, 'stty'), 'utf8'),
  };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
