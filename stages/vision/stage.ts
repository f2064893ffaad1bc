/** What every stage program begins with: flags, parameters, progress, and failures in one line. */
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { createParams, type Params } from './params.ts';
import { StageError } from './stage-error.ts';

export { StageError };

/** `required` and `optional` flags take a value, a `switch` is there or not, `positionals` takes what is no flag. */
export type FlagKind = 'required' | 'optional' | 'switch';
export type FlagValues<T extends Readonly<Record<string, FlagKind>>> = {
  readonly [Name in keyof T]: T[Name] extends 'required'
    ? string
    : T[Name] extends 'switch'
      ? boolean
      : string | undefined;
} & { readonly positionals: readonly string[] };

export interface StageIo {
  /** The flags of the command line. Throws StageError for one that is unknown, missing or without its value. */
  flags<const T extends Readonly<Record<string, FlagKind>>>(kinds: T): FlagValues<T>;
  /** What `--params FILE` or else AVIAN_PARAMS holds; read at the first call. Throws StageError where there is neither. */
  params(): Params;
  /** AVIAN_CHECKPOINT: a folder that survives a kill, undefined where the stage runs without one. */
  readonly checkpoint: string | undefined;
  /** A line for people, on stderr. */
  readonly say: (line: string) => void;
  /**
   * What is true of this run alone, such as its backend or how fast it was: avian keeps it with the
   * run and shows it in lineage. Never part of an out, which would then differ from run to run.
   */
  readonly fact: (name: string, value: string | number) => void;
  /** Call the returned function with how many of `total` are done; it speaks at once and then every second. */
  readonly progress: (label: string, total: number, unit?: string) => (done: number) => void;
}

/**
 * Runs a stage program and sets the exit code: 0, or 1 with `error: … hint: …` on one line of stderr.
 * Expected failures are errors with a `hint` and failures of the file system; anything else is a bug and keeps its stack.
 */
export async function runStage(main: (io: StageIo) => Promise<void>): Promise<void> {
  try {
    await main(createStageIo(process.argv.slice(2), process.env));
  } catch (error) {
    process.stderr.write(`${describeFailure(error)}\n`);
    process.exitCode = 1;
  }
}

/** The line (or, for a bug, the lines) that a failure is told with. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return `bug: ${String(error)} was thrown`;
  const { hint, code, syscall } = error as Error & Record<'hint' | 'code' | 'syscall', unknown>;
  if (typeof hint === 'string') return `error: ${oneLine(error.message)} hint: ${oneLine(hint)}`;
  // A full disk or a missing file is no bug of the stage, and Node's message names the path.
  if (typeof code === 'string' && typeof syscall === 'string') {
    return `error: ${oneLine(error.message)} hint: check that the path exists and can be read or written`;
  }
  return `bug: ${error.stack ?? error.message}`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

/** The io of a program that was started with `argv` (without node and script) and `env`. */
export function createStageIo(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): StageIo {
  let params: Params | undefined;
  const say = (line: string): void => write(`${line}\n`);
  return {
    flags: (kinds) => readFlags(argv, kinds),
    params: () => (params ??= createParams(readParams(paramsPath(argv) ?? env['AVIAN_PARAMS']))),
    checkpoint: env['AVIAN_CHECKPOINT'],
    say,
    fact: (name, value) => say(`avian:fact ${name}=${value}`),
    progress: (label, total, unit = 'images') => createProgress(label, total, unit, say),
  };
}

function readFlags<const T extends Readonly<Record<string, FlagKind>>>(
  argv: readonly string[],
  kinds: T,
): FlagValues<T> {
  const names = Object.keys(kinds);
  const options: Record<string, { type: 'string' | 'boolean' }> = { params: { type: 'string' } };
  for (const name of names) {
    options[name] = { type: kinds[name] === 'switch' ? 'boolean' : 'string' };
  }
  const usage = `the flags are ${['params', ...names].map((name) => `--${name}`).join(' ')}`;
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new StageError((error as Error).message, usage);
  }
  const values: Record<string, unknown> = { positionals: parsed.positionals };
  for (const name of names) {
    const value = parsed.values[name];
    if (value === undefined && kinds[name] === 'required') {
      throw new StageError(`the flag --${name} is missing`, usage);
    }
    values[name] = kinds[name] === 'switch' ? value === true : value;
  }
  return values as FlagValues<T>;
}

function paramsPath(argv: readonly string[]): string | undefined {
  for (const [index, word] of argv.entries()) {
    if (word === '--params') return argv[index + 1];
    if (word.startsWith('--params=')) return word.slice('--params='.length);
  }
  return undefined;
}

function readParams(path: string | undefined): unknown {
  if (path === undefined) {
    throw new StageError(
      'there are no parameters',
      'start the stage with avian, or give a JSON file: --params FILE',
    );
  }
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new StageError(
      `the parameters in ${path} cannot be read: ${(error as Error).message}`,
      'give a JSON file, as AVIAN_PARAMS does',
    );
  }
}

const PROGRESS_EVERY_MS = 1000;

function createProgress(
  label: string,
  total: number,
  unit: string,
  say: (line: string) => void,
): (done: number) => void {
  const startedAt = performance.now();
  let spokenAt = -Infinity;
  return (done) => {
    const now = performance.now();
    if (done < total && now - spokenAt < PROGRESS_EVERY_MS) return;
    spokenAt = now;
    const seconds = (now - startedAt) / 1000;
    const rate = seconds > 0.05 ? `, ${Math.round(done / seconds)} ${unit}/s` : '';
    say(`${label}: ${done} of ${total} ${unit}${rate}`);
  };
}

/** Writes JSON, two spaces deep and with a last newline; the file appears whole or not at all. Makes the folder. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
