import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { hashBytes } from '../../src/adapters/hash/blake3.ts';
import { AVIAN } from '../rig.ts';
import { writeProject, writeRaw } from './project.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** System calls that change something on the disk, or start a process. */
export const CHANGES =
  'write,pwrite64,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,rmdir,mkdir,mkdirat,' +
  'fsync,fdatasync,chmod,fchmod,fchmodat,utimensat,ftruncate,copy_file_range,clone,clone3,vfork';

/** How avian is started: alone, under a tracer that injects a fault, or killed after a time. */
export interface Doom {
  /** `strace` arguments; its tracee is avian's main thread only, its stages go untraced. */
  readonly strace?: readonly string[];
  readonly killAfterMs?: number;
  /** Kills the running stages with it, not avian alone. */
  readonly withStages?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** Copies of one project in folders of their own, and the real avian in them. */
export interface FaultRig {
  readonly folder: string;
  /** A fresh copy of a folder that was made before. */
  copy(of: string, name: string): string;
  avian(root: string, words: string, doom?: Doom): Promise<Ended>;
}

export const hasStrace = ((): boolean => {
  try {
    execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export const needsStrace = hasStrace
  ? {}
  : { skip: 'needs strace that may trace: apt-get install strace' };

export function createFaultRig(t: Test): FaultRig {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'avian-faults-')));
  t.teardown(() => {
    for (const pid of stagesIn(folder)) killGroup(pid);
    fs.rmSync(folder, { recursive: true, force: true });
  });
  fs.mkdirSync(join(folder, 'marks'));
  const rig: FaultRig = {
    folder,
    copy(of, name) {
      const to = join(folder, name);
      fs.rmSync(to, { recursive: true, force: true });
      execFileSync('cp', ['-a', '--reflink=auto', join(folder, of), to]);
      return to;
    },
    avian: (root, words, doom) => runAvian(folder, root, words, doom),
  };
  writeProject(join(folder, 'new'));
  return rig;
}

function runAvian(folder: string, root: string, words: string, doom: Doom = {}): Promise<Ended> {
  const program = [process.execPath, AVIAN, ...words.split(' ')];
  const [command = '', ...args] =
    doom.strace === undefined ? program : ['strace', '-qq', ...doom.strace, ...program];
  const begun = performance.now();
  const child = spawn(command, args, {
    cwd: root,
    // A compile cache of its own would add writes that are none of avian's.
    env: {
      ...process.env,
      // What tap has every Node load, to measure coverage, would meet the faults instead of avian.
      NODE_OPTIONS: '',
      NO_COLOR: '1',
      MARKS: join(folder, 'marks'),
      NODE_DISABLE_COMPILE_CACHE: '1',
      ...doom.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => (said.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (said.stderr += bytes.toString()));
  const timer =
    doom.killAfterMs === undefined
      ? undefined
      : setTimeout(() => {
          child.kill('SIGKILL');
          if (doom.withStages === true) for (const pid of stagesIn(folder)) killGroup(pid);
        }, doom.killAfterMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Not `close`: an orphan may hold the pipes.
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      setImmediate(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, signal, ...said, ms: performance.now() - begun });
      });
    });
  });
}

/** A project that is up to date, its raw data added for the second time: `settled` in the rig's folder. */
export async function settle(rig: FaultRig): Promise<void> {
  const root = rig.copy('new', 'settled');
  let version = 0;
  for (const words of ['add raw', 'repro', 'add raw', 'repro', 'repro']) {
    if (words === 'add raw') writeRaw(root, version++);
    const { code, stderr } = await rig.avian(root, words);
    if (code !== 0) throw new Error(`avian ${words}: ${stderr}`);
  }
}

/** Stages of this rig that run: their markers are there and their processes live. */
export function stagesIn(folder: string): number[] {
  return fs.readdirSync(join(folder, 'marks')).flatMap((name) => {
    const pid = Number(/\.(\d+)$/.exec(name)?.[1]);
    return Number.isInteger(pid) && isAlive(pid) ? [pid] : [];
  });
}

function isAlive(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')));
  } catch {
    return false;
  }
}

function killGroup(pid: number): void {
  try {
    // A stage leads a group whose number is the shell's, which is the stage or its parent.
    const group = Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)]).toString());
    if (group > 1) process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** What the cache says of itself that is not so: objects of another digest, leftovers in `tmp`. */
export function faultsOfCache(root: string): string[] {
  const faults = [
    ...wrongObjects(root),
    ...leftovers(root, ['aside', 'restore', 'discard', 'objects', 'running', 'unsynced']).filter(
      // What an `add` leaves to the system.
      (path) => !/unsynced.*\.left$/.test(path),
    ),
  ];
  for (const name of fs.readdirSync(root)) {
    if (/\.(new|partial|avian-tmp)$|^\.avian/.test(name)) faults.push(name);
  }
  return faults;
}

/** Objects whose bytes are not what their names say. */
export function wrongObjects(root: string): string[] {
  const objects = join(root, 'cache/v1/objects');
  return list(objects).flatMap((prefix) =>
    list(join(objects, prefix)).flatMap((rest) => {
      const bytes = fs.readFileSync(join(objects, prefix, rest));
      const isRight = hashBytes(bytes).toString('hex') === prefix + rest;
      return isRight ? [] : [`object ${prefix}${rest}`];
    }),
  );
}

/** What lies in these folders of `tmp`, which a run has to sweep. */
export const leftovers = (root: string, folders: readonly string[]): string[] =>
  folders.flatMap((folder) =>
    list(join(root, 'cache/v1/tmp', folder)).map((name) => `tmp/${folder}/${name}`),
  );

const list = (path: string): string[] => (fs.existsSync(path) ? fs.readdirSync(path) : []);
