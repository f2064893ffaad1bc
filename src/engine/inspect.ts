import { err, ok } from '../model/result.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import type { Judgement, Verdict } from '../model/verdict.ts';
import { digestInWorkspace, type DigestDep } from './observe.ts';
import { judge, type JudgeContext } from './rebuilder.ts';
import { workOf, type Workload } from './request.ts';
import { promisedArtifact } from './settle-stage.ts';

/**
 * What `repro` would decide, without touching anything: `status`, `why` and `--dry`. Behind a
 * stage that has to run nothing is known (early cutoff may stop there), behind one that can be
 * restored the content is.
 */
export async function inspect(
  workload: Workload,
  planned: readonly StageName[],
  context: Omit<JudgeContext, 'digestDep'>,
): Promise<ReadonlyMap<StageName, Judgement>> {
  const judgements = new Map<StageName, Judgement>();
  const inWorkspace = digestInWorkspace(context.ports);
  const digestDep: DigestDep = async (path) => {
    for (const producer of workload.graph.producersOf(path)) {
      const verdict = judgements.get(producer.name)?.verdict;
      if (verdict === undefined || isSettled(verdict)) continue;
      const promised = promisedArtifact(verdict, path);
      return promised === undefined
        ? err({ kind: 'waiting', producer: producer.name })
        : ok(promised);
    }
    return inWorkspace(path);
  };
  for (const name of planned) {
    judgements.set(name, await judge(workOf(workload, name), { ...context, digestDep }));
  }
  return judgements;
}

const isSettled = (verdict: Verdict): boolean =>
  verdict.kind === 'up-to-date' || verdict.kind === 'frozen';

/** The nearest stage on the way up through which a change arrives, with the out it arrives by. */
export interface Cause {
  readonly stage: StageName;
  readonly via: RepoPath;
  readonly verdict: Verdict;
}

/** From a stage up to the stage whose own inputs changed: nearest first, root last. */
export function causes(
  workload: Workload,
  name: StageName,
  judgements: ReadonlyMap<StageName, Judgement>,
): readonly Cause[] {
  const chain: Cause[] = [];
  const seen = new Set<StageName>([name]);
  for (let current = name; ;) {
    const verdict = judgements.get(current)?.verdict;
    if (verdict?.kind !== 'undetermined') return chain;
    const producer = verdict.waitingOn.find((waited) => !seen.has(waited));
    if (producer === undefined) return chain;
    const found = judgements.get(producer)?.verdict;
    if (found === undefined) return chain;
    seen.add(producer);
    chain.push({ stage: producer, via: outBetween(workload, current, producer), verdict: found });
    current = producer;
  }
}

function outBetween(workload: Workload, consumer: StageName, producer: StageName): RepoPath {
  const { deps } = workOf(workload, consumer).stage;
  const dep = deps.find((path) =>
    workload.graph.producersOf(path).some((stage) => stage.name === producer),
  );
  if (dep === undefined) throw new Error(`bug: ${consumer} does not read from ${producer}`);
  return dep;
}
