import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { assertNever } from '../../model/result.ts';
import type { AccessLog } from './access-log.ts';
import { Processes, birthOf, type Birth } from './processes.ts';
import { StraceLines, pathOf, quoted, type Call, type StraceEvent } from './strace-lines.ts';

/** Where a call has a path: its argument, relative to the directory of the descriptor before it. */
type Place = number | { readonly directory: number; readonly path: number };

interface Shape {
  readonly does:
    | 'open'
    | 'create'
    | 'execute'
    | 'write'
    | 'list'
    | 'make-directory'
    | 'rename'
    | 'link'
    | 'remove'
    | 'change-directory'
    | 'fork';
  readonly paths: readonly Place[];
}

const at = (directory: number): Place => ({ directory, path: directory + 1 });

/** The calls that the replay needs; everything else would only slow the stage down. */
const SHAPES: { readonly [call: string]: Shape } = {
  open: { does: 'open', paths: [0] },
  openat: { does: 'open', paths: [at(0)] },
  openat2: { does: 'open', paths: [at(0)] },
  creat: { does: 'create', paths: [0] },
  execve: { does: 'execute', paths: [0] },
  execveat: { does: 'execute', paths: [at(0)] },
  truncate: { does: 'write', paths: [0] },
  // Not the open of a directory: many open one only to name files relative to it.
  getdents: { does: 'list', paths: [] },
  getdents64: { does: 'list', paths: [] },
  mkdir: { does: 'make-directory', paths: [0] },
  mkdirat: { does: 'make-directory', paths: [at(0)] },
  rename: { does: 'rename', paths: [0, 1] },
  renameat: { does: 'rename', paths: [at(0), at(2)] },
  renameat2: { does: 'rename', paths: [at(0), at(2)] },
  link: { does: 'link', paths: [0, 1] },
  linkat: { does: 'link', paths: [at(0), at(2)] },
  symlink: { does: 'write', paths: [1] },
  symlinkat: { does: 'write', paths: [at(1)] },
  unlink: { does: 'remove', paths: [0] },
  unlinkat: { does: 'remove', paths: [at(0)] },
  rmdir: { does: 'remove', paths: [0] },
  chdir: { does: 'change-directory', paths: [0] },
  fchdir: { does: 'change-directory', paths: [] },
  clone: { does: 'fork', paths: [] },
  clone3: { does: 'fork', paths: [] },
  fork: { does: 'fork', paths: [] },
  vfork: { does: 'fork', paths: [] },
};

export const TRACED_CALLS: readonly string[] = Object.keys(SHAPES);

/**
 * Plays what strace wrote into `log`, in the order in which it happened.
 * @param cwd of the first process, absolute
 */
export async function replayStrace(file: string, cwd: string, log: AccessLog): Promise<void> {
  // Who came from whom is read first: a child may be heard before the call that made it returns.
  const births: Birth[] = [];
  for await (const event of eventsOf(file)) {
    if (event.kind === 'call' && isFork(event.call)) births.push(birthOf(event.pid, event.call));
  }
  const processes = new Processes(births, cwd);
  for await (const event of eventsOf(file)) {
    if (event.kind === 'ended') processes.end(event.pid);
    else if (isFork(event.call)) processes.born(birthOf(event.pid, event.call).child);
    else replay(event.call, processes.get(event.pid), log);
  }
}

const isFork = ({ name }: Call): boolean => SHAPES[name]?.does === 'fork';

async function* eventsOf(file: string): AsyncGenerator<StraceEvent> {
  const lines = new StraceLines();
  // Bytes beyond ASCII are escaped, so no character can be cut in two.
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) {
    const event = lines.next(line);
    if (event !== undefined) yield event;
  }
}

function replay(call: Call, process: { cwd: string }, log: AccessLog): void {
  const shape = SHAPES[call.name];
  const [path = pathOf(call.args[0]), target] =
    shape?.paths.map((place) => resolvePath(call.args, place, process.cwd)) ?? [];
  if (shape === undefined || path === undefined) return;
  switch (shape.does) {
    case 'open':
      return replayOpen(path, call, log);
    case 'create':
    case 'write':
      return log.write(path);
    case 'execute':
      return log.read(path);
    case 'list':
      return log.list(path);
    case 'make-directory':
      return log.makeDirectory(path);
    case 'remove':
      return log.remove(path);
    case 'rename':
      if (target !== undefined) log.rename(path, target);
      return;
    case 'link':
      log.read(path);
      if (target !== undefined) log.write(target);
      return;
    case 'change-directory':
      process.cwd = path;
      return;
    case 'fork':
      return;
    default:
      return assertNever(shape.does);
  }
}

/** Absolute; undefined for a text that strace had to cut, which no path is long enough for. */
function resolvePath(args: readonly string[], place: Place, cwd: string): string | undefined {
  const [directory, path] =
    typeof place === 'number'
      ? [undefined, quoted(args[place])]
      : [pathOf(args[place.directory]), quoted(args[place.path])];
  return path === undefined ? undefined : resolve(directory ?? cwd, path);
}

function replayOpen(asked: string, { args, result }: Call, log: AccessLog): void {
  const flags = args.find((arg) => /\bO_(?:RDONLY|WRONLY|RDWR|PATH)\b/.test(arg)) ?? '';
  const has = (flag: string): boolean => new RegExp(`\\b${flag}\\b`).test(flags);
  if (has('O_PATH') || has('O_DIRECTORY') || has('O_TMPFILE')) return;
  const real = pathOf(result) ?? asked;
  // What may be made by the open cannot be counted on to be there: with O_CREAT it is no input.
  if (has('O_RDONLY') || (has('O_RDWR') && !has('O_CREAT') && !has('O_TRUNC'))) {
    log.read(asked, real);
  }
  if (has('O_WRONLY') || has('O_RDWR')) log.write(asked, real);
}
