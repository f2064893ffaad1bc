import type { DoctorView } from '../model/views.ts';
import type { CommandContext } from './context.ts';
import { loadWorkload } from './load-workload.ts';
import { driverState } from './merge-driver.ts';

type Check = DoctorView['checks'][number];

/** Facts that only the composition root can look up. */
export interface Surveyor {
  /** Node's own version and path. */
  readonly node: string;
  /** Free bytes where the cache lies. */
  freeBytes(): Promise<number>;
  /** Whether a copy on the cache's volume shares blocks. */
  reflinks(): Promise<boolean>;
  /** SQLite's version, as loaded. */
  sqlite(): Promise<string>;
}

/** `avian doctor`: what a maintainer would ask first. */
export async function doctor(survey: Surveyor, context: CommandContext): Promise<DoctorView> {
  const { ports, version } = context;
  const { environment } = ports;
  return {
    checks: [
      { name: 'avian', state: 'ok', detail: `${version} at ${environment.root}` },
      { name: 'node', state: 'ok', detail: `${survey.node}, ${environment.platform()}` },
      await attempt('sqlite', async () => ({ state: 'ok', detail: await survey.sqlite() })),
      await attempt('cache', () => cacheCheck(survey)),
      await gitCheck(context),
      await attempt('merges', () => mergeCheck(context)),
      await attempt('pipeline', () => pipelineCheck(context)),
      await attempt('lock', () => lockCheck(context)),
    ],
  };
}

type Finding = Omit<Check, 'name'>;

async function attempt(name: string, look: () => Promise<Finding>): Promise<Check> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { name, state: 'failed', detail };
  }
}

async function cacheCheck(survey: Surveyor): Promise<Finding> {
  const free = await survey.freeBytes();
  const links = (await survey.reflinks())
    ? 'copies share blocks (reflink)'
    : 'copies take their own space (no reflinks here)';
  const detail = `${(free / 1e9).toFixed(1)} GB free, ${links}`;
  return free < 1e9
    ? { state: 'warning', detail, hint: 'less than 1 GB is left; free some space' }
    : { state: 'ok', detail };
}

async function gitCheck({ ports }: CommandContext): Promise<Check> {
  const git = await ports.environment.git();
  return git === undefined
    ? {
        name: 'git',
        state: 'warning',
        detail: 'not a git repository with a commit',
        hint: 'runs name the commit they came from; `git init` and commit once',
      }
    : {
        name: 'git',
        state: 'ok',
        detail: `${git.commit.slice(0, 12)}${git.dirty ? ' + changes' : ''}`,
      };
}

async function mergeCheck(context: CommandContext): Promise<Finding> {
  const hint = '`avian init` has git merge it by stage, in this clone';
  switch (await driverState(context)) {
    case 'installed':
      return { state: 'ok', detail: 'git merges pipeline.lock by stage' };
    case 'unnamed':
      return { state: 'warning', detail: 'git merges pipeline.lock as text, line by line', hint };
    case 'unknown':
      return {
        state: 'warning',
        detail: 'git merges pipeline.lock as text in this clone: it does not know the merge driver',
        hint,
      };
    case 'no-git':
      return { state: 'ok', detail: 'no git here, so nothing to merge' };
  }
}

async function pipelineCheck(context: CommandContext): Promise<Finding> {
  const workload = await loadWorkload([], context);
  if (!workload.ok) {
    const [first] = workload.error.diagnostics;
    const count = workload.error.diagnostics.length;
    return {
      state: 'failed',
      detail: `${count} problem${count === 1 ? '' : 's'}: ${first?.message ?? ''}`,
      hint: '`avian status` shows all of them',
    };
  }
  return { state: 'ok', detail: `${workload.value.work.size} stages` };
}

async function lockCheck({ ports }: CommandContext): Promise<Finding> {
  const lock = await ports.lock.read();
  if (!lock.ok) {
    return { state: 'failed', detail: lock.error.diagnostics[0]?.message ?? 'unreadable' };
  }
  const { sources, stages } = lock.value;
  const apart = [...Object.entries(sources), ...Object.entries(stages)].flatMap(
    ([name, { conflict }]) => (conflict === undefined ? [] : [name]),
  );
  if (apart.length > 0) {
    return {
      state: 'warning',
      detail: `two branches changed ${apart.join(', ')}`,
      hint: '`avian repro` runs stages again; `avian checkout --ours` or `--theirs` takes a side',
    };
  }
  return {
    state: 'ok',
    detail: `${Object.keys(stages).length} stages, ${Object.keys(sources).length} sources pinned`,
  };
}
