import { inspect } from '../engine/inspect.ts';
import { createProber } from '../engine/probe.ts';
import type { JudgeContext } from '../engine/rebuilder.ts';
import type { JudgeOptions, Workload } from '../engine/request.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import { isNonEmpty, ok, type Result } from '../model/result.ts';
import type { Judgement } from '../model/verdict.ts';
import type { StatusView } from '../model/views.ts';
import type { Supply } from '../ports/supply.ts';
import type { CommandContext } from './context.ts';

/** Judgements of the planned stages as `repro` would reach them; reads only. */
export async function judgements(
  workload: Workload,
  planned: readonly StageName[],
  options: JudgeOptions,
  context: CommandContext,
  supply?: Supply,
): Promise<Result<ReadonlyMap<StageName, Judgement>, Problem>> {
  const { ports } = context;
  const lock = await ports.lock.read();
  if (!lock.ok) return lock;
  const interruptions = await ports.workspace.interruptions();
  const judging: Omit<JudgeContext, 'digestDep'> = {
    lock: lock.value,
    options,
    probe: createProber(ports, context.signal).probe,
    ports,
    interrupted: new Map(interruptions.map(({ stage, at }) => [stage as StageName, at])),
    producerOf: (path) => workload.graph.producerOf(path)?.name,
    ...(supply !== undefined && { supply }),
  };
  return ok(await inspect(workload, planned, judging));
}

export async function judgeAll(
  workload: Workload,
  planned: readonly StageName[],
  options: JudgeOptions,
  context: CommandContext,
  supply?: Supply,
): Promise<Result<StatusView, Problem>> {
  const judged = await judgements(workload, planned, options, context, supply);
  if (!judged.ok) return judged;
  const stages = [...judged.value].map(([name, { verdict }]) => ({ name, verdict }));
  const lock = await context.ports.lock.read();
  const sources = lock.ok ? Object.entries(lock.value.sources) : [];
  const contested = sources.flatMap(([path, { conflict }]) =>
    conflict === undefined ? [] : [path as RepoPath],
  );
  return ok({ stages, ...(isNonEmpty(contested) && { contested }) });
}
