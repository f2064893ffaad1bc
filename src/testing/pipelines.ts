import type { JudgeOptions, StageWork, Workload } from '../engine/request.ts';
import { plan } from '../engine/plan.ts';
import { inspect } from '../engine/inspect.ts';
import { createProber } from '../engine/probe.ts';
import { reproduce, type ReproduceOptions } from '../engine/reproduce.ts';
import { buildGraph } from '../model/graph.ts';
import type { JsonObject } from '../model/json.ts';
import { ROOT, type RepoPath, type StageName } from '../model/names.ts';
import type { StageOutcome } from '../model/outcome.ts';
import type { Out, Stage } from '../model/pipeline.ts';
import type { Judgement } from '../model/verdict.ts';
import type { FakeWorld } from './fakes.ts';

const span = { file: 'pipeline.yaml', line: 1, column: 1, length: 1 };

export const out = (path: string, more: Partial<Out> = {}): Out => ({
  path: path as RepoPath,
  role: 'artifact',
  cache: true,
  push: true,
  persist: false,
  span,
  ...more,
});

const stage = (name: string, more: Partial<Stage> = {}): Stage => ({
  name: name as StageName,
  cmd: [name],
  wdir: ROOT,
  deps: [],
  params: [],
  outs: [],
  env: [],
  tools: [],
  resources: { cpu: 1, gpu: 0, memory: 0 },
  retry: { times: 0, delayMs: 0 },
  checkpoint: false,
  effect: false,
  executor: 'local',
  frozen: false,
  alwaysChanged: false,
  span,
  ...more,
});

/** What a test varies beside the picture: fields of a stage, and its parameters. */
export type Details = {
  readonly [stage: string]: Partial<Stage> & { readonly values?: JsonObject };
};

/**
 * A workload from a picture, one line a stage:
 *
 *     raw        -> prepare -> clean
 *     clean, cfg -> train   -> model
 */
export function pipeline(picture: string, details: Details = {}): Workload {
  const works = picture
    .trim()
    .split('\n')
    .map((line): StageWork => {
      const [deps = '', name = '', outs = ''] = line.split('->').map((part) => part.trim());
      const { values = {}, ...more } = details[name] ?? {};
      const declared = stage(name, {
        deps: words(deps).map((path) => path as RepoPath),
        outs: words(outs).map((path) => out(path)),
        ...more,
      });
      return { stage: declared, params: values, paramsFile: values };
    });
  return {
    graph: buildGraph(works.map((work) => work.stage)),
    work: new Map(works.map((work) => [work.stage.name, work])),
    config: {},
    overrides: [],
  };
}

const words = (text: string): string[] => text.split(/[,\s]+/).filter((word) => word !== '');

/** Every command writes into each of its outs its own name, its parameters and what it read. */
export function obey(world: FakeWorld, workload: Workload): void {
  world.onCommand((command, { files }) => {
    const name = command.env['AVIAN_STAGE'] as StageName;
    const work = workload.work.get(name);
    if (work === undefined) return undefined;
    const read = work.stage.deps.map((dep) => files.get(dep) ?? '?').join('+');
    const values = Object.values(work.params).map((value) => `:${JSON.stringify(value)}`);
    for (const { path } of work.stage.outs) files.set(path, `${name}${values.join('')}(${read})`);
    return { code: 0 };
  });
}

type Choice = Partial<JudgeOptions> &
  Partial<Omit<ReproduceOptions, 'judging'>> & {
    readonly targets?: readonly string[];
    readonly single?: boolean;
    readonly downstream?: boolean;
  };

const judging = (choice: Choice): JudgeOptions => ({
  force: choice.force ?? false,
  runCache: choice.runCache ?? true,
  probes: choice.probes ?? true,
  nameRuns: choice.nameRuns ?? true,
  allowMissing: choice.allowMissing ?? false,
});

const planned = ({ graph }: Workload, choice: Choice): readonly StageName[] =>
  plan(graph, {
    targets: (choice.targets ?? []) as readonly StageName[],
    single: choice.single ?? false,
    downstream: choice.downstream ?? false,
  });

/** One invocation of `repro`, without argv and files: outcomes by stage. */
export async function repro(
  world: FakeWorld,
  workload: Workload,
  choice: Choice = {},
): Promise<ReadonlyMap<StageName, StageOutcome>> {
  const ports = world.ports();
  const interrupted = await ports.workspace.recover();
  const lock = await ports.lock.read();
  if (!lock.ok) throw new Error('the fake lock is always readable');
  const stages = planned(workload, choice);
  return reproduce(
    workload,
    stages,
    lock.value,
    new Map(interrupted.map(({ stage: name, at }) => [name as StageName, at])),
    {
      judging: judging(choice),
      forced: new Set(choice.targets === undefined ? stages : (choice.targets as StageName[])),
      keepGoing: choice.keepGoing ?? false,
      trace: choice.trace ?? false,
      capacity: choice.capacity ?? { cpu: 4, gpu: 1, memory: 0 },
      signal: choice.signal ?? new AbortController().signal,
      version: '0.0.0-test',
      ...(choice.supply !== undefined && { supply: choice.supply }),
      ...(choice.stopOf !== undefined && { stopOf: choice.stopOf }),
    },
    ports,
  );
}

/** Outcomes as `prepare executed, train skipped`: what a person would say happened. */
export const kinds = (outcomes: ReadonlyMap<StageName, StageOutcome>): string =>
  [...outcomes].map(([name, { kind }]) => `${name} ${kind}`).join(', ');

/** What `status` would say, stage by stage. */
export async function status(
  world: FakeWorld,
  workload: Workload,
  choice: Choice = {},
): Promise<ReadonlyMap<StageName, Judgement>> {
  const ports = world.ports();
  const lock = await ports.lock.read();
  if (!lock.ok) throw new Error('the fake lock is always readable');
  return inspect(workload, planned(workload, choice), {
    lock: lock.value,
    options: judging(choice),
    probe: createProber(ports, new AbortController().signal).probe,
    ports,
    interrupted: new Map(),
    ...(choice.supply !== undefined && { supply: choice.supply }),
    producerOf: (path) => workload.graph.producerOf(path)?.name,
  });
}

export const verdicts = (judgements: ReadonlyMap<StageName, Judgement>): string =>
  [...judgements].map(([name, { verdict }]) => `${name} ${verdict.kind}`).join(', ');
