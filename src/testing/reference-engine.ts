import type { RandomProject, Step } from './random-projects.ts';

/*
 * What has to happen to a project, by a model small enough to trust: no fingerprints, no cache, no
 * order but that of the list. Files are a map of texts, contents are compared as texts.
 */

type Files = Map<string, string>;
type Contents = ReadonlyMap<string, string | undefined>;
export type Ending = 'skipped' | 'restored' | 'executed' | 'failed' | 'blocked';

export interface Memory {
  /** What a success left in its outs, by everything it was made from. */
  readonly records: Map<string, Contents>;
  /** What each step was last known to have left, and made from what. */
  readonly locked: Map<string, { readonly key: string; readonly outs: Contents }>;
}

export const newMemory = (): Memory => ({ records: new Map(), locked: new Map() });

/** One `repro --keep-going` of everything: changes files and memory, and says how each step ended. */
export function settleAll(
  { steps }: RandomProject,
  files: Files,
  memory: Memory,
): ReadonlyMap<string, Ending> {
  const endings = new Map<string, Ending>();
  for (const step of steps) {
    const producers = steps.filter((other) => reads(step, other));
    const isBlocked = producers.some(({ name }) =>
      ['failed', 'blocked'].includes(endings.get(name) ?? ''),
    );
    if (step.frozen) endings.set(step.name, settleFrozen(step, files, memory));
    else endings.set(step.name, isBlocked ? 'blocked' : settle(step, files, memory));
  }
  return endings;
}

function settle(step: Step, files: Files, memory: Memory): Ending {
  const inputs = step.deps.map((path) => contentAt(files, path));
  if (inputs.includes(undefined)) return 'failed';
  const { name, version, value } = step;
  const paths = step.outs.map(({ path }) => path);
  const key = JSON.stringify([name, version, value, step.deps, inputs, paths]);
  const lying = new Map(paths.map((path) => [path, contentAt(files, path)]));

  if (!step.alwaysChanged) {
    const locked = memory.locked.get(name);
    const last = locked?.key === key ? locked.outs : undefined;
    if (last !== undefined && same(last, lying)) return 'skipped';
    // What persists was made from the runs before, so an earlier run is another matter.
    const record = step.persist ? undefined : memory.records.get(key);
    for (const known of [last, record]) {
      // What is not in the cache can only be had where it lies.
      const isWhole = step.outs.every(
        ({ path, cache }) => cache || known?.get(path) === lying.get(path),
      );
      if (known === undefined || !isWhole) continue;
      for (const [path, content] of known) put(files, path, content);
      memory.locked.set(name, { key, outs: known });
      return 'restored';
    }
  }
  if (step.failing) return 'failed';
  write(step, files);
  const outs = new Map(paths.map((path) => [path, contentAt(files, path)]));
  memory.records.set(key, outs);
  memory.locked.set(name, { key, outs });
  return 'executed';
}

/** Taken as it is, whatever becomes of what it once read; what is gone of it comes back. */
function settleFrozen({ name, outs }: Step, files: Files, memory: Memory): Ending {
  const locked = memory.locked.get(name)?.outs;
  const gone = outs.filter(
    ({ path, cache }) =>
      cache && contentAt(files, path) === undefined && locked?.get(path) !== undefined,
  );
  for (const { path } of gone) put(files, path, locked?.get(path));
  return gone.length > 0 ? 'restored' : 'skipped';
}

/** What the step's command does. */
export function write(step: Step, files: Files): void {
  const read = step.deps.map((path) => contentAt(files, path) ?? '').join();
  const text = step.deaf
    ? `${step.name} deaf`
    : `${step.name}:${step.version}:${step.value}(${read})`;
  for (const { path, directory } of step.outs) {
    if (directory)
      put(
        files,
        path,
        JSON.stringify([
          ['a', text],
          ['b', step.name],
        ]),
      );
    else put(files, path, JSON.stringify(text));
  }
}

/** A file or folder as one text; undefined when nothing is there. */
function contentAt(files: Files, path: string): string | undefined {
  const text = files.get(path);
  if (text !== undefined) return JSON.stringify(text);
  const inside = [...files].filter(([file]) => file.startsWith(`${path}/`));
  const entries = inside.map(([file, held]) => [file.slice(path.length + 1), held] as const);
  return entries.length === 0
    ? undefined
    : JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The other way round. */
function put(files: Files, path: string, content: string | undefined): void {
  for (const file of [...files.keys()]) {
    if (file === path || file.startsWith(`${path}/`)) files.delete(file);
  }
  const held = JSON.parse(content ?? '[]') as string | [string, string][];
  if (typeof held === 'string') files.set(path, held);
  else for (const [name, text] of held) files.set(`${path}/${name}`, text);
}

const reads = (step: Step, other: Step): boolean =>
  other.outs.some(({ path }) =>
    step.deps.some((dep) => dep === path || dep.startsWith(`${path}/`)),
  );

const same = (a: Contents, b: Contents): boolean =>
  a.size === b.size && [...a].every(([path, content]) => b.get(path) === content);
