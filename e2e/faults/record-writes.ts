import childProcess from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';

/*
 * Loaded into avian before its own code (`node --import`): writes down, in order, what it changes
 * on the disk and what it syncs. FAULTS_LOG names the file, FAULTS_OUTS the paths that stages write,
 * FAULTS_BOOT the boot that avian is to believe in. Databases write past node:fs and are not seen.
 */

export type Change =
  | { readonly op: 'open'; readonly fd: number; readonly path: string; readonly flags: string }
  | { readonly op: 'write'; readonly fd: number; readonly data: string; readonly at: number | null }
  | { readonly op: 'put'; readonly path: string; readonly data: string; readonly synced: boolean }
  | { readonly op: 'sync-fd'; readonly fd: number }
  | { readonly op: 'sync'; readonly path: string }
  | { readonly op: 'sync-all' }
  | {
      readonly op: 'rename' | 'link' | 'copy' | 'symlink';
      readonly path: string;
      readonly to: string;
    }
  | { readonly op: 'remove' | 'mkdir'; readonly path: string }
  | { readonly op: 'chmod'; readonly path: string; readonly mode: number };

const changes: Change[] = [];
const note = (change: Change): void => void changes.push(change);
const base64 = (data: string | Uint8Array): string => Buffer.from(data).toString('base64');
const wrap = (name: string, record: (result: never, ...args: never[]) => void, on: object = fs) => {
  const known = (on as Record<string, (...args: never[]) => never>)[name];
  if (known === undefined) throw new Error(`bug: there is no ${name}`);
  Reflect.set(on, name, (...args: never[]) => {
    const result = known.apply(on, args);
    record(result, ...args);
    return result;
  });
};

const { writeFileSync, readFileSync, readdirSync, lstatSync } = fs;
const { FAULTS_LOG: log, FAULTS_OUTS: outs = '', FAULTS_BOOT: boot } = process.env;

wrap('openSync', (fd: number, path: string, flags: string | number = 'r') => {
  if (typeof flags === 'string' && flags !== 'r') note({ op: 'open', fd, path, flags });
  else note({ op: 'open', fd, path, flags: 'r' });
});
wrap(
  'writeSync',
  (
    done: number,
    fd: number,
    data: string | Uint8Array,
    from = 0,
    _size = 0,
    at: number | null = null,
  ) => {
    if (fd <= 2) return;
    const bytes = Buffer.from(data).subarray(from, from + done);
    note({ op: 'write', fd, data: base64(bytes), at });
  },
);
wrap(
  'writeFileSync',
  (_, to: string | number, data: string, options?: { flush?: boolean; flag?: string }) => {
    if (typeof to === 'number') {
      note({ op: 'write', fd: to, data: base64(data), at: null });
      return;
    }
    // As `appendFileSync` calls it.
    const whole = options?.flag === 'a' ? readFileSync(to) : data;
    note({ op: 'put', path: to, data: base64(whole), synced: options?.flush === true });
  },
);
wrap('fsyncSync', (_, fd: number) => note({ op: 'sync-fd', fd }));
const { fsync } = fs;
Reflect.set(fs, 'fsync', (fd: number, done: (error: Error | null) => void) => {
  fsync(fd, (error) => {
    if (error === null) note({ op: 'sync-fd', fd });
    done(error);
  });
});
for (const op of ['rename', 'link'] as const) {
  wrap(`${op}Sync`, (_, path: string, to: string) => note({ op, path, to }));
}
wrap('symlinkSync', (_, to: string, path: string) => note({ op: 'symlink', path, to }));
wrap('copyFileSync', (_, path: string, to: string) => note({ op: 'copy', path, to }));
for (const name of ['unlinkSync', 'rmSync', 'rmdirSync']) {
  wrap(name, (_, path: string) => note({ op: 'remove', path }));
}
wrap('mkdirSync', (_, path: string) => note({ op: 'mkdir', path }));
wrap('chmodSync', (_, path: string, mode: number) => note({ op: 'chmod', path, mode }));

wrap(
  'execFile',
  (child: childProcess.ChildProcess, program: string) => {
    if (program === 'sync') child.prependOnceListener('exit', () => note({ op: 'sync-all' }));
  },
  childProcess,
);
wrap(
  'spawn',
  (child: childProcess.ChildProcess, program: string, args: readonly string[]) => {
    if (program === 'sh' && args[0] === '-c') child.prependOnceListener('exit', noteOuts);
  },
  childProcess,
);

/** What a stage has written, as nobody has synced it. */
function noteOuts(): void {
  const visit = (path: string): void => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) for (const name of readdirSync(path)) visit(join(path, name));
    else if (stat !== undefined) {
      note({ op: 'put', path, data: base64(readFileSync(path)), synced: false });
    }
  };
  for (const out of outs.split(':')) visit(join(process.cwd(), out));
}

Reflect.set(fs, 'readFileSync', (path: never, options: never) =>
  boot !== undefined && path === '/proc/sys/kernel/random/boot_id'
    ? boot
    : readFileSync(path, options),
);
process.on('exit', () => {
  if (log !== undefined) writeFileSync(log, JSON.stringify(changes));
});
