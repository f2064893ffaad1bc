import type { Diagnostic } from '../model/diagnostic.ts';
import type { JsonObject } from '../model/json.ts';
import { contains, parseRepoPath, ROOT } from '../model/names.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import type { EnvInput, Out, ParamSelector, Retry, Stage, Task } from '../model/pipeline.ts';
import { durationMs, gateOf, sizeBytes } from './quantities.ts';
import type { Direction, RawEntry, RawMetrics, RawOut, RawPlot, RawStage, RawTask } from './raw.ts';
import { diagnose } from './source.ts';
import type { Locator, ValuePath } from './source.ts';
import type { Place } from './text-places.ts';

/** A stage together with where its parts stand, for problems found later. */
export interface PlacedStage {
  readonly stage: Stage;
  readonly name: Place;
  readonly deps: readonly Placed<RepoPath>[];
  readonly outs: readonly Placed<Out>[];
  readonly params: readonly PlacedSelector[];
}

export interface PlacedTask {
  readonly task: Task;
  readonly params: readonly PlacedSelector[];
}

export interface Placed<Value> {
  readonly value: Value;
  readonly place: Place;
}

export interface PlacedSelector extends Placed<ParamSelector> {
  /** Where the file is named; the same as `place` for a bare key of params.yaml. */
  readonly filePlace: Place;
}

/** Where avian and git keep their own files. */
const RESERVED = ['pipeline.yaml', 'pipeline.lock', 'params.yaml', '.git', 'cache'] as RepoPath[];

/**
 * Makes a stage of what the schema admitted: defaults filled in, paths relative to the root.
 * `at` finds places relative to the stage. Parts with a problem are reported and left out.
 */
export function buildStage(
  name: StageName,
  raw: RawStage,
  at: Locator,
  report: (diagnostic: Diagnostic) => void,
): PlacedStage {
  const wdir = readWdir(raw.wdir, at, report);
  const deps = (raw.deps ?? []).flatMap((text, i) =>
    readPath(text, wdir, at.value(['deps', i]), 'a dep', report),
  );
  const outs = [
    ...readOuts('outs', raw.outs ?? [], wdir, at, report, artifact),
    ...readOuts('metrics', raw.metrics ?? [], wdir, at, report, metrics),
    ...readOuts('plots', raw.plots ?? [], wdir, at, report, plot),
  ];
  const params = readParams(raw.params ?? [], wdir, at, report);
  const place = at.key([]);
  const { desc, timeout, ttl, probe, meta, resources = {} } = raw;
  const stage: Stage = {
    name,
    cmd: readCmd(raw.cmd),
    wdir,
    ...(desc !== undefined && { desc }),
    deps: deps.map(({ value }) => value),
    params: params.map(({ value }) => value),
    outs: outs.map(({ value }) => value),
    env: readEnv(raw.env, at, report),
    tools: [...new Set(raw.tools ?? [])],
    resources: {
      cpu: resources.cpu ?? 1,
      gpu: resources.gpu ?? 0,
      memory: sizeBytes(resources.memory ?? 0),
    },
    ...(timeout !== undefined && { timeoutMs: durationMs(timeout) }),
    retry: readRetry(raw.retry),
    checkpoint: raw.checkpoint ?? false,
    ...(ttl !== undefined && { ttlMs: durationMs(ttl) }),
    ...(probe !== undefined && { probe }),
    effect: raw.effect ?? false,
    executor: raw.executor ?? 'local',
    frozen: raw.frozen ?? false,
    alwaysChanged: raw.always_changed ?? false,
    ...(meta !== undefined && { meta }),
    span: place.span,
  };
  return { stage, name: place, deps, outs, params };
}

/** As `buildStage`, for a program that is no stage. */
export function buildTask(
  name: string,
  raw: RawTask,
  at: Locator,
  report: (diagnostic: Diagnostic) => void,
): PlacedTask {
  const wdir = readWdir(raw.wdir, at, report);
  const params = readParams(raw.params ?? [], wdir, at, report);
  return {
    task: {
      name,
      cmd: readCmd(raw.cmd),
      wdir,
      ...(raw.desc !== undefined && { desc: raw.desc }),
      params: params.map(({ value }) => value),
      env: readEnv(raw.env, at, report),
    },
    params,
  };
}

const readCmd = (raw: RawTask['cmd']): readonly string[] =>
  typeof raw === 'string' ? [raw] : (raw ?? []).flatMap((line) => line);

function readWdir(
  raw: string | undefined,
  at: Locator,
  report: (diagnostic: Diagnostic) => void,
): RepoPath {
  if (raw === undefined) return ROOT;
  const wdir = parseRepoPath(raw, ROOT);
  if (wdir !== undefined) return wdir;
  report(refusedPath(raw, at.value(['wdir']), 'the working directory'));
  return ROOT;
}

/** One path, or none and a diagnostic. */
export function readPath(
  text: string,
  wdir: RepoPath,
  place: Place,
  role: string,
  report: (diagnostic: Diagnostic) => void,
): readonly Placed<RepoPath>[] {
  const value = parseRepoPath(text, wdir);
  if (value !== undefined && value !== ROOT) return [{ value, place }];
  report(
    value === undefined
      ? refusedPath(text, place, role)
      : diagnose(
          'pipeline/bad-path',
          `${role} cannot be the whole project`,
          place,
          'the cache and the lock lie in it and change with every run: name what is meant',
        ),
  );
  return [];
}

function refusedPath(text: string, place: Place, role: string) {
  if (text === '') return diagnose('pipeline/empty-value', `${role} cannot be empty`, place);
  if (/[\0\\]/.test(text)) {
    const hint = 'paths have `/` between their parts, on every system';
    return diagnose('pipeline/bad-path', `${role} cannot be ${JSON.stringify(text)}`, place, hint);
  }
  return diagnose(
    'pipeline/outside-project',
    `${role} cannot be \`${text}\`: it leaves the project`,
    place,
    'files elsewhere cannot be tracked: copy them in, or give the path as a parameter to a stage with a `probe`',
  );
}

function readOuts<Raw extends RawOut>(
  field: 'outs' | 'metrics' | 'plots',
  entries: readonly RawEntry<Raw>[],
  wdir: RepoPath,
  at: Locator,
  report: (diagnostic: Diagnostic) => void,
  about: (raw: Raw | undefined) => Pick<Out, 'role' | 'direction' | 'gates' | 'plot'>,
): readonly Placed<Out>[] {
  const read = (text: string, raw: Raw | undefined, place: Place): readonly Placed<Out>[] =>
    readPath(text, wdir, place, 'an out', report).flatMap(({ value: path }) => {
      const reserved = RESERVED.find((own) => contains(own, path));
      if (reserved !== undefined) {
        report(
          diagnose(
            'pipeline/reserved-path',
            `an out cannot be \`${path}\`: ${reserved === '.git' ? 'git keeps its files there' : `\`${reserved}\` is avian's own`}`,
            place,
          ),
        );
        return [];
      }
      const { cache = true, push = true, persist = false, desc, type, meta } = raw ?? {};
      const value: Out = {
        path,
        ...about(raw),
        cache,
        push,
        persist,
        ...(desc !== undefined && { desc }),
        ...(type !== undefined && { type }),
        ...(meta !== undefined && { meta }),
        span: place.span,
      };
      return [{ value, place }];
    });

  return entries.flatMap((entry, i) =>
    typeof entry === 'string'
      ? read(entry, undefined, at.value([field, i]))
      : Object.entries(entry).flatMap(([text, raw]) => read(text, raw, at.key([field, i, text]))),
  );
}

const artifact = (): Pick<Out, 'role'> => ({ role: 'artifact' });

function metrics(raw: RawMetrics | undefined): Pick<Out, 'role' | 'direction' | 'gates'> {
  const { direction, gate } = raw ?? {};
  return {
    role: 'metrics',
    ...(direction !== undefined && { direction: directions(direction) }),
    ...(gate !== undefined && {
      gates: Object.entries(gate).map(([metric, text]) => gateOf(metric, text)),
    }),
  };
}

const directions = (raw: Direction | { readonly [metric: string]: Direction }) =>
  typeof raw === 'string' ? { '*': raw } : raw;

function plot(raw: RawPlot | undefined): Pick<Out, 'role' | 'plot'> {
  const { template, x, y, x_label, y_label, title, header } = raw ?? {};
  const declared = Object.entries({ template, x, y, x_label, y_label, title, header }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    role: 'plots',
    ...(declared.length > 0 && { plot: Object.fromEntries(declared) as JsonObject }),
  };
}

function readRetry(raw: RawStage['retry']): Retry {
  if (typeof raw === 'object') {
    return { times: raw.times ?? 0, delayMs: durationMs(raw.delay ?? 0) };
  }
  return { times: raw ?? 0, delayMs: 0 };
}

function readEnv(
  raw: RawTask['env'],
  at: Locator,
  report: (diagnostic: Diagnostic) => void,
): readonly EnvInput[] {
  const set = (name: string, place: Place): void => {
    if (!name.startsWith('AVIAN_')) return;
    const message = `\`${name}\` cannot be declared: avian sets the variables that begin with AVIAN_`;
    report(diagnose('pipeline/bad-name', message, place));
  };
  if (raw === undefined) return [];
  if (isList(raw)) {
    raw.forEach((name, i) => set(name, at.value(['env', i])));
    return [...new Set(raw.flatMap((name) => name))].map((name) => ({ name }));
  }
  return Object.entries(raw).map(([name, value]) => {
    set(name, at.key(['env', name]));
    return { name, ...(value !== null && { value: String(value) }) };
  });
}

// Array.isArray does not narrow a readonly array out of a union.
const isList = (raw: unknown): raw is readonly string[] => Array.isArray(raw);

/**
 * DVC's meaning: a text is a key of the `params.yaml` in `wdir`, a mapping has keys by file, and
 * null, or no keys, for all of a file; what is selected as a whole needs no keys.
 */
function readParams(
  raw: NonNullable<RawTask['params']>,
  wdir: RepoPath,
  at: Locator,
  report: (diagnostic: Diagnostic) => void,
): readonly PlacedSelector[] {
  const found = raw.flatMap((entry, i) =>
    typeof entry === 'string'
      ? select('params.yaml', entry, ['params', i])
      : Object.entries(entry).flatMap(([file, keys]) =>
          keys === null || keys.length === 0
            ? select(file, undefined, ['params', i, file])
            : keys.flatMap((key, k) => select(file, key, ['params', i, file, k])),
        ),
  );
  const whole = new Set(found.flatMap(({ value }) => (value.key === undefined ? value.file : [])));
  const seen = new Set<string>();
  return found.filter(({ value: { file, key } }) => {
    if (key !== undefined && whole.has(file)) return false;
    const shown = `${file}:${key ?? ''}`;
    return !seen.has(shown) && seen.add(shown).size > 0;
  });

  function select(text: string, key: string | undefined, path: ValuePath) {
    const filePlace = path.length === 2 ? at.value(path) : at.key(path.slice(0, 3));
    const place = path.length === 4 ? at.value(path) : filePlace;
    return readPath(text, wdir, filePlace, 'a file of parameters', report).map(
      ({ value: file }) => ({
        value: { file, ...(key !== undefined && { key }) },
        place,
        filePlace,
      }),
    );
  }
}
