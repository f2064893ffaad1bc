import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One run of a program. CPU time is user and system, of the program and of all it waited for. */
export interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** avian as it is shipped; `npm run build` makes it. */
export const AVIAN: readonly string[] = [
  process.execPath,
  join(import.meta.dirname, '../dist/avian.js'),
];
export const NODE_START: readonly string[] = [process.execPath, '-e', '0'];

/** Runs a program to its end. Throws when it fails. */
export function measure(words: readonly string[], cwd: string): Measured {
  // bash's own clock: children's CPU time to the millisecond, which Node does not tell.
  const script = 'TIMEFORMAT="%R %U %S"; { time "$@" >/dev/null 2>&3; } 3>&2 2>&1';
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${String(status)}: ${stderr}`);
  const [real = NaN, user = NaN, system = NaN] = stdout.trim().split(' ').map(Number);
  return { wallMs: real * 1000, cpuMs: (user + system) * 1000 };
}

/**
 * The most memory a program held, bytes, as the kernel kept it; only growth within the last 5 ms can
 * be missed. Its children are left out: between fork and exec they seem to hold what it holds.
 * Linux only, NaN elsewhere.
 */
export async function peakMemory(words: readonly string[], cwd: string): Promise<number> {
  const [program = '', ...args] = words;
  const child = spawn(program, args, { cwd, stdio: 'ignore' });
  let peak = NaN;
  const look = setInterval(() => {
    const status = readProc(`${child.pid ?? -1}/status`) ?? '';
    const seen = /^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1];
    if (seen !== undefined) peak = Number(seen) * 1024;
  }, 5);
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  clearInterval(look);
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${String(status)}`);
  return peak;
}

/** The program's place on PATH, or undefined with a line that says how to get it. */
export function findPeer(name: string, install: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not here.
    }
  }
  console.log(`${name} is not installed and takes no part (${install})`);
  return undefined;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = NaN, high = NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

/** Prints a limit and whether it holds; a limit that does not makes the program fail. */
export function judge(claim: string, value: number, limit: number, unit = ''): void {
  const holds = value <= limit;
  if (!holds) process.exitCode = 1;
  const figure = `${value.toFixed(2)}${unit}, limit ${limit.toFixed(2)}${unit}`;
  console.log(`${holds ? 'holds' : 'FAILS'}: ${claim}: ${figure}`);
}

/** What the figures depend on beside the code: the file system's kind and the cores. */
export function describeFileSystem(path: string): string {
  const known: { readonly [magic: number]: string } = {
    0xef53: 'ext4',
    0x58465342: 'xfs',
    0x9123683e: 'btrfs',
    0x01021994: 'tmpfs',
    0x794c7630: 'overlayfs',
    0x2fc12fc1: 'zfs',
  };
  const { type } = statfsSync(path);
  return known[type] ?? `file system 0x${type.toString(16)}`;
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
}
