import type { StageName } from '../model/names.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { awaitedBy, type Graph } from '../model/graph.ts';

export interface ScheduleOptions {
  /** Go on with stages that do not need a failed one. */
  readonly keepGoing: boolean;
  readonly signal: AbortSignal;
  /** Settles one stage; its producers within the plan have settled well. */
  readonly settle: (stage: StageName) => Promise<StageOutcome>;
  readonly onSettled: (stage: StageName, outcome: StageOutcome) => void;
  /** Settling a stage threw; what runs beside it has to come to an end. */
  readonly onThrown: () => void;
}

/**
 * Settles the planned stages, each as soon as its producers have: first everything that may start
 * is started, then one ending is awaited, until nothing is left. Without `keepGoing` the first
 * failure starts nothing new; what runs already may finish. Rejects with the first error that a
 * stage threw, once nothing runs any more.
 */
export async function schedule(
  graph: Graph,
  planned: readonly StageName[],
  options: ScheduleOptions,
): Promise<ReadonlyMap<StageName, StageOutcome>> {
  const outcomes = new Map<StageName, StageOutcome>();
  const wanted = new Set(planned);
  const producers = (stage: StageName): StageName[] =>
    awaitedBy(graph, stage).filter((name) => wanted.has(name));
  const waitingFor = new Map(planned.map((stage) => [stage, producers(stage).length]));
  const ready = planned.filter((stage) => waitingFor.get(stage) === 0);
  const running = new Set<Promise<void>>();
  let stopped = false;
  let isThrown = false;
  const ended = Promise.withResolvers<undefined>();
  const endWith = (error: unknown): void => {
    isThrown = true;
    ended.reject(error);
  };

  const finish = (stage: StageName, outcome: StageOutcome): void => {
    outcomes.set(stage, outcome);
    options.onSettled(stage, outcome);
    if (outcome.kind === 'failed' && !options.keepGoing) stopped = true;
    for (const consumer of graph.consumers.get(stage) ?? []) {
      const left = waitingFor.get(consumer);
      // A frozen consumer waits for nobody and was ready from the start.
      if (left === undefined || left === 0) continue;
      waitingFor.set(consumer, left - 1);
      if (left === 1) ready.push(consumer);
    }
  };
  const start = (stage: StageName): void => {
    const blocker = producers(stage).find((name) => !isSettledWell(outcomes.get(name)));
    if (blocker !== undefined) finish(stage, blockedBy(blocker, outcomes.get(blocker)));
    else if (stopped || options.signal.aborted) finish(stage, { kind: 'cancelled' });
    else {
      const settled = options.settle(stage).then((outcome) => {
        running.delete(settled);
        finish(stage, outcome);
        startReady();
      });
      running.add(settled);
      settled.catch(endWith);
    }
  };
  // No `Promise.race` over what runs: with 1,000 stages at once each ending would ask all of them.
  const startReady = (): void => {
    if (isThrown) return;
    for (let stage = ready.shift(); stage !== undefined; stage = ready.shift()) start(stage);
    if (running.size === 0) ended.resolve(undefined);
  };

  try {
    startReady();
    await ended.promise;
  } catch (error) {
    options.onThrown();
    await Promise.allSettled(running);
    throw error;
  }
  return outcomes;
}

const isSettledWell = (outcome: StageOutcome | undefined): boolean =>
  outcome?.kind === 'skipped' || outcome?.kind === 'restored' || outcome?.kind === 'executed';

/** Names the stage that failed, not the one in between that could not start for it. */
function blockedBy(producer: StageName, outcome: StageOutcome | undefined): StageOutcome {
  if (outcome?.kind === 'cancelled') return { kind: 'cancelled' };
  return { kind: 'blocked', by: outcome?.kind === 'blocked' ? outcome.by : producer };
}
