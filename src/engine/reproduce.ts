import type { PipelineLock } from '../model/lock.ts';
import type { StageName } from '../model/names.ts';
import type { StageOutcome } from '../model/outcome.ts';
import type { Ports } from '../ports/ports.ts';
import type { Supply } from '../ports/supply.ts';
import { createBarrier } from './barrier.ts';
import { digestInWorkspace } from './observe.ts';
import { createOutWatch } from './out-watch.ts';
import { createProber } from './probe.ts';
import { workOf, type JudgeOptions, type Workload } from './request.ts';
import { schedule } from './scheduler.ts';
import { settleStage, type SettleContext } from './settle-stage.ts';
import { createSlots, type Capacity } from './slots.ts';
import type { InTurn } from './supplied.ts';

export interface ReproduceOptions {
  readonly judging: JudgeOptions;
  /** Stages that `force` is about; the others are judged as they are. */
  readonly forced: ReadonlySet<StageName>;
  readonly keepGoing: boolean;
  readonly capacity: Capacity;
  /** Watch which files commands read and write. */
  readonly trace: boolean;
  /** Where what the cache lacks may come from. */
  readonly supply?: Supply;
  /** Asked once for each stage: its abort calls off that stage and what needs it; the others go on. */
  readonly stopOf?: (stage: StageName) => AbortSignal;
  readonly signal: AbortSignal;
  readonly version: string;
}

/**
 * Brings the planned stages up to date. The caller holds the project's lock and has recovered what
 * a killed process left; `lock` is what `pipeline.lock` said after that.
 */
export async function reproduce(
  workload: Workload,
  planned: readonly StageName[],
  lock: PipelineLock,
  interrupted: ReadonlyMap<StageName, string>,
  options: ReproduceOptions,
  ports: Ports,
): Promise<ReadonlyMap<StageName, StageOutcome>> {
  const thrown = new AbortController();
  const signal = AbortSignal.any([options.signal, thrown.signal]);
  const prober = createProber(ports, signal);
  const slots = createSlots(options.capacity);
  const inTurn = createTurns();
  const contextFor = (stage: StageName): SettleContext => ({
    judging: {
      lock,
      options: { ...options.judging, force: options.judging.force && options.forced.has(stage) },
      digestDep: digestInWorkspace(ports),
      probe: prober.probe,
      ports,
      interrupted,
      ...(options.supply !== undefined && { supply: options.supply }),
      producerOf: (path) => workload.graph.producerOf(path)?.name,
    },
    execution: {
      ports,
      workload,
      version: options.version,
      probe: prober.probe,
      probeAgain: prober.askAgain,
      watch,
      barrier,
      trace: options.trace,
      signal:
        options.stopOf === undefined ? signal : AbortSignal.any([signal, options.stopOf(stage)]),
    },
    takeSlot: (work) => slots.take(work.stage.resources),
    inTurn,
  });
  const watch = createOutWatch(ports);
  const barrier = createBarrier(ports);
  const started = new Map<StageName, number>();
  const outcomes = await schedule(workload.graph, planned, {
    keepGoing: options.keepGoing,
    signal,
    settle: (stage) => {
      started.set(stage, ports.clock.monotonic());
      return settleStage(workOf(workload, stage), contextFor(stage));
    },
    onThrown: () => thrown.abort(),
    onSettled: (stage, outcome) => {
      const begun = started.get(stage);
      const elapsedMs = begun === undefined ? 0 : Math.round(ports.clock.monotonic() - begun);
      ports.emit({ type: 'stage-settled', stage, outcome, elapsedMs });
    },
  });
  await barrier.end();
  await ports.lock.flush();
  return outcomes;
}

function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
}
