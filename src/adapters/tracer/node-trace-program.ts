/*
 * Loaded by `node --require` before the program of a stage, in every thread: notes which files it
 * imports, reads and writes. It must change nothing else, and needs nothing but Node.
 */
// Renamed: the bundle has `requireFrom(import.meta.url)` replaced by its own `require`.
import type Fs from 'node:fs';
import type NodeModule from 'node:module';
import { createRequire as requireFrom } from 'node:module';
import type Path from 'node:path';
import type Url from 'node:url';
import type { NodeNote } from './node-tracer.ts';

type Call = (this: unknown, ...args: unknown[]) => unknown;
type Calls = { [name: string]: Call | undefined };

// As `require` gives them: these objects can be changed, namespaces of ES modules cannot.
const requireHere = requireFrom(import.meta.url);
const fs = requireHere('node:fs') as typeof Fs;
const nodeModule = requireHere('node:module') as typeof NodeModule;
const path = requireHere('node:path') as typeof Path;
const { fileURLToPath } = requireHere('node:url') as typeof Url;

const { AVIAN_TRACE_FILE: file, AVIAN_TRACE_ROOT: root = '' } = process.env;

/** What a call does to its paths; tells them from the arguments, once the call has succeeded. */
type Tell = (args: readonly unknown[], result: unknown) => readonly NodeNote[];

const one =
  (does: 'read' | 'write' | 'list' | 'make' | 'remove'): Tell =>
  ([target]) =>
    [target].flatMap(pathOf).map((found) => [does, found] as const);

const copy: Tell = ([from, to]) => [
  ...[from].flatMap(pathOf).map((found) => ['read', found] as const),
  ...[to].flatMap(pathOf).map((found) => ['write', found] as const),
];

const opened =
  (flagsAt: (args: readonly unknown[]) => unknown): Tell =>
  (args) =>
    [args[0]].flatMap(pathOf).flatMap((found) => {
      const { reads, writes } = modeOf(flagsAt(args));
      return [
        ...(reads ? [['read', found] as const] : []),
        ...(writes ? [['write', found] as const] : []),
      ];
    });

const withFlag =
  (usual: string): Tell =>
  (args) =>
    opened(() => flagOf(args.find((arg, index) => index > 0 && isOptions(arg))) ?? usual)(
      args,
      undefined,
    );

/** By the name of the callback and promise form; the synchronous one has `Sync` behind it. */
const TELLS: { readonly [name: string]: Tell } = {
  open: opened(([, flags]) => (typeof flags === 'function' ? undefined : flags)),
  readFile: withFlag('r'),
  writeFile: withFlag('w'),
  appendFile: withFlag('a'),
  openAsBlob: one('read'),
  readdir: one('list'),
  opendir: one('list'),
  truncate: one('write'),
  mkdir: one('make'),
  mkdtemp: (_args, result) => (typeof result === 'string' ? [['make', path.resolve(result)]] : []),
  copyFile: copy,
  cp: copy,
  link: copy,
  symlink: ([, link]) => [link].flatMap(pathOf).map((found) => ['write', found] as const),
  rename: ([from, to]) =>
    [from]
      .flatMap(pathOf)
      .flatMap((before) => [to].flatMap(pathOf).map((after) => ['rename', before, after] as const)),
  unlink: one('remove'),
  rm: one('remove'),
  rmdir: one('remove'),
};

function start(notes: string): void {
  const { openSync, writeSync } = fs;
  const known = new Set<string>();
  // Appended whole by one write each: notes of several processes stay in the order of what happened.
  const descriptor = openSync(notes, 'a');
  const note = (told: NodeNote): void => {
    if (told[0] !== 'start' && !told.slice(1).some((each) => each.startsWith(root))) return;
    const line = `${JSON.stringify(told)}\n`;
    if (told[0] === 'remove' || told[0] === 'rename') known.clear();
    else if (known.has(line)) return;
    known.add(line);
    try {
      writeSync(descriptor, line);
    } catch {
      // A full disk, or a program that closed what it did not open: no reason to disturb it.
    }
  };
  const { registerHooks } = nodeModule as Partial<typeof nodeModule>;
  note(['start', process.version, registerHooks === undefined]);
  registerHooks?.({
    // Not `load`: how a module is read stays as it is.
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (found.url.startsWith('file:')) note(['read', fileURLToPath(found.url)]);
      return found;
    },
  });
  const calls = fs as unknown as Calls;
  const promises = fs.promises as unknown as Calls;
  for (const [name, tell] of Object.entries(TELLS)) {
    const told = (args: readonly unknown[], result: unknown): void =>
      tell(args, result).forEach(note);
    wrap(calls, `${name}Sync`, (call) => afterReturn(call, told));
    wrap(calls, name, (call) => (name === 'openAsBlob' ? afterPromise : afterCallback)(call, told));
    wrap(promises, name, (call) => afterPromise(call, told));
  }
  nodeModule.syncBuiltinESMExports();
}

type Told = (args: readonly unknown[], result: unknown) => void;

function wrap(calls: Calls, name: string, watched: (call: Call) => Call): void {
  const call = calls[name];
  if (typeof call !== 'function') return;
  // Name, length and the symbols that `util.promisify` looks for.
  calls[name] = Object.defineProperties(watched(call), Object.getOwnPropertyDescriptors(call));
}

const afterReturn = (call: Call, told: Told): Call =>
  function (...args) {
    const result = call.apply(this, args);
    told(args, result);
    return result;
  };

const afterPromise = (call: Call, told: Told): Call =>
  function (...args) {
    return (call.apply(this, args) as Promise<unknown>).then((result) => {
      told(args, result);
      return result;
    });
  };

const afterCallback = (call: Call, told: Told): Call =>
  function (...args) {
    const callback = args.at(-1);
    if (typeof callback !== 'function') return call.apply(this, args);
    return call.call(this, ...args.slice(0, -1), function (this: unknown, ...answer: unknown[]) {
      if (answer[0] === null || answer[0] === undefined) told(args, answer[1]);
      return (callback as Call).apply(this, answer);
    });
  };

/** A descriptor or FileHandle has no path: its open was noted. */
function pathOf(value: unknown): string[] {
  if (typeof value === 'string') return [path.resolve(value)];
  if (value instanceof URL) return [fileURLToPath(value)];
  return value instanceof Uint8Array ? [path.resolve(Buffer.from(value).toString())] : [];
}

const isOptions = (value: unknown): boolean => typeof value === 'object' && value !== null;

const flagOf = (options: unknown): unknown => (options as { flag?: unknown } | undefined)?.flag;

/** Whether a file opened so is an input, and whether it is changed; `a+` and `w+` start with their own. */
function modeOf(flags: unknown): { readonly reads: boolean; readonly writes: boolean } {
  if (typeof flags !== 'number') {
    const text = typeof flags === 'string' ? flags : 'r';
    return { reads: text.startsWith('r'), writes: text !== 'r' && text !== 'rs' && text !== 'sr' };
  }
  const { O_CREAT, O_DIRECTORY, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  if (has(O_DIRECTORY)) return { reads: false, writes: false };
  const reads = has(O_RDWR) ? !has(O_CREAT) && !has(O_TRUNC) : !has(O_WRONLY);
  return { reads, writes: has(O_RDWR) || has(O_WRONLY) };
}

if (file !== undefined && root !== '') start(file);
