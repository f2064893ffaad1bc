import { problem, type Problem } from '../model/diagnostic.ts';
import { closest } from '../model/did-you-mean.ts';
import {
  valueIn,
  type Column,
  type Experiment,
  type ExperimentsView,
} from '../model/experiment.ts';
import { byCodeUnit, canonicalJson, dotted } from '../model/json.ts';
import type { PipelineLock } from '../model/lock.ts';
import { covers } from '../model/artifact.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { CommandContext } from './context.ts';
import { chooseColumns, everyColumn } from './experiment-columns.ts';
import { chainsOf, type Chain } from './experiment-chains.ts';
import { loadWorkload } from './load-workload.ts';

export interface ExperimentsOptions {
  /** Also the columns in which nothing differs. */
  readonly all: boolean;
  /** A parameter or metric, as a column is labelled. */
  readonly sortBy?: string;
  readonly order?: 'asc' | 'desc';
}

/** Runs of one stage that are looked at. */
const MOST_RUNS = 500;
/** Commits are asked of git one by one. */
const MOST_COMMITS = 20;

/** `avian exp show`: every chain of runs that ends in metrics, with its parameters. */
export async function experiments(
  options: ExperimentsOptions,
  context: Pick<
    CommandContext,
    'ports' | 'revisions' | 'files' | 'projectCache' | 'version' | 'signal'
  >,
): Promise<Result<ExperimentsView, Problem>> {
  const workload = await loadWorkload([], context);
  if (!workload.ok) return workload;
  const { ports } = context;
  const lock = await ports.lock.read();
  if (!lock.ok) return lock;
  const stages = [...workload.value.graph.stages.values()];
  const runs: Run[] = [];
  for (const { name } of stages) runs.push(...(await ports.runs.history(name, MOST_RUNS)));
  const { chains, leftOut } = await chainsOf(runs, ports.workspace);
  const commits = await committedLocks(context);
  const found = chains.map((chain) => experimentOf(chain, lock.value, commits));
  const every = everyColumn(
    found,
    stages.flatMap(({ outs }) => outs),
  );
  const columns = options.all ? every : chooseColumns(found, every);
  const sorted = sort(found, every, options);
  return sorted.ok ? ok({ experiments: sorted.value, columns, leftOut }) : sorted;
}

interface CommittedLock {
  readonly id: string;
  readonly subject: string;
  readonly lock: PipelineLock;
}

async function committedLocks({
  revisions,
  ports,
}: Pick<CommandContext, 'ports' | 'revisions'>): Promise<readonly CommittedLock[]> {
  const found: CommittedLock[] = [];
  for (const { id, subject } of await revisions.commitsOf('pipeline.lock', MOST_COMMITS)) {
    const text = await revisions.fileAt(id, 'pipeline.lock');
    const lock = text === undefined ? undefined : ports.lock.parse(text);
    // One that is of a newer avian, or was committed with conflicts, names nothing we could show.
    if (lock?.ok) found.push({ id, subject, lock: lock.value });
  }
  return found;
}

function experimentOf(
  { runs, tip }: Chain,
  lock: PipelineLock,
  commits: readonly CommittedLock[],
): Experiment {
  const measured = runs.filter(hasMetrics);
  const isIn = ({ stages }: PipelineLock): boolean =>
    measured.every(({ stage, fingerprint, outs }) => {
      const entry = stages[stage];
      return entry !== undefined && entry.fingerprint === fingerprint && covers(outs, entry.outs);
    });
  return {
    id: tip.id,
    runs: runs.map(({ stage, id }) => ({ stage, id })),
    startedAt: tip.startedAt,
    durationMs: runs.reduce((sum, run) => sum + run.durationMs, 0),
    isCurrent: isIn(lock),
    commits: commits.flatMap(({ id, subject, lock: then }) =>
      isIn(then) ? [{ id, subject }] : [],
    ),
    overrides: tip.overrides,
    params: Object.assign({}, ...runs.map(({ input }) => dotted(input.params))) as Run['config'],
    metrics: Object.assign({}, ...measured.map(({ metrics }) => metrics)) as Run['metrics'],
  };
}

const hasMetrics = ({ metrics }: Run): boolean =>
  Object.values(metrics).some((values) => Object.keys(values).length > 0);

function sort(
  found: readonly Experiment[],
  columns: readonly Column[],
  { sortBy, order }: ExperimentsOptions,
): Result<readonly Experiment[], Problem> {
  if (sortBy === undefined) return ok(order === 'asc' ? found.toReversed() : found);
  const column =
    columns.find(({ label }) => label === sortBy) ??
    columns.find((each) => each.kind === 'metric' && `${each.path}:${each.name}` === sortBy);
  if (column === undefined) return err(noColumn(sortBy, columns));
  // The best first, where the pipeline says which way is better.
  const isUp = column.kind === 'metric' && column.direction === 'maximize';
  const sign = (order ?? (isUp ? 'desc' : 'asc')) === 'asc' ? 1 : -1;
  return ok(
    found.toSorted((a, b) => {
      const [first, second] = [valueIn(column, a), valueIn(column, b)];
      if (first === undefined || second === undefined) {
        return Number(first === undefined) - Number(second === undefined);
      }
      if (typeof first === 'number' && typeof second === 'number') return sign * (first - second);
      return sign * byCodeUnit(canonicalJson(first), canonicalJson(second));
    }),
  );
}

function noColumn(name: string, columns: readonly Column[]): Problem {
  const labels = columns.map(({ label }) => label);
  const near = closest(name, labels);
  return problem(
    'usage',
    'exp/unknown-column',
    `no experiment has a parameter or metric \`${name}\``,
    near === undefined ? 'avian exp show --all names them' : `did you mean "${near}"?`,
  );
}
