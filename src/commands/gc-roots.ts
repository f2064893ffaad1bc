import type { PipelineLock } from '../model/lock.ts';
import { contains, type Digest, type RepoPath } from '../model/names.ts';
import type { KeptBy } from '../model/space-views.ts';
import type { RunTrace } from '../ports/run-log.ts';
import type { CommandContext } from './context.ts';

export interface Retention {
  /** The newest runs of each stage stay, whether or not a commit names them. */
  readonly keepRuns: number;
  /** Runs younger than this stay as well, and so do objects that no run explains. */
  readonly olderThanMs: number;
}

export interface RootInputs {
  readonly lock: PipelineLock;
  /** Newest first. */
  readonly traces: readonly RunTrace[];
  readonly retention: Retention;
  readonly now: number;
  readonly context: Pick<CommandContext, 'ports' | 'revisions'>;
}

/** Somewhere that says what is needed. */
interface RootSource {
  readonly by: Exclude<KeptBy, 'recent'>;
  readonly digests: (inputs: RootInputs) => Iterable<Digest> | Promise<Iterable<Digest>>;
}

/** Everything that keeps an object, with all that the trees among them name. */
export const ROOT_SOURCES: readonly RootSource[] = [
  { by: 'workspace', digests: ({ lock }) => digestsOfLock(lock) },
  { by: 'commits', digests: digestsOfCommits },
  { by: 'sources', digests: digestsOfSources },
  { by: 'deployments', digests: digestsOfDeployments },
  { by: 'recent-runs', digests: digestsOfRecentRuns },
];

/** What other branches had in a merged lock counts until somebody has chosen. */
function digestsOfLock({ sources, stages }: PipelineLock): Digest[] {
  const refs = [
    ...Object.values(sources).flatMap((source) => [source, ...(source.conflict ?? [])]),
    ...Object.values(stages).flatMap((stage) =>
      [stage, ...(stage.conflict ?? [])].flatMap(({ outs }) => Object.values(outs)),
    ),
  ];
  return refs.map(({ digest }) => digest);
}

/**
 * By pattern, not as locks: a lock full of conflict markers, or one of a newer avian, needs its
 * objects as much as any other.
 */
async function digestsOfCommits({ context }: RootInputs): Promise<Iterable<Digest>> {
  const digests = new Set<Digest>();
  for await (const text of context.revisions.everyVersion('pipeline.lock')) {
    for (const [found] of text.matchAll(/b3:[0-9a-f]{64}/g)) {
      // A copy: what a match gives keeps the whole text alive, of which there may be thousands.
      if (!digests.has(found as Digest)) digests.add(Buffer.from(found).toString() as Digest);
    }
  }
  return digests;
}

/** Raw data, which nothing can make again: what was ever added here, and what runs read that no run wrote. */
async function digestsOfSources({ context, traces }: RootInputs): Promise<Iterable<Digest>> {
  const outs = new Set(traces.flatMap((run) => Object.keys(run.outs) as RepoPath[]));
  const isMade = memoized((path) => [...outs].some((out) => contains(out, path)));
  const raw = traces.flatMap(({ deps }) => deps.filter(({ path }) => !isMade(path)));
  return [...(await context.ports.lock.everySource()), ...raw.map(({ digest }) => digest)];
}

/** The image of every deployment, and whatever it was made from, all the way up. */
async function digestsOfDeployments({ context, traces }: RootInputs): Promise<Iterable<Digest>> {
  const deployments = await context.ports.runs.deployments();
  return digestsBehind(
    deployments.flatMap(({ artifact }) => artifact ?? []),
    traces,
  );
}

/** Some content, and all that runs made it from. */
export function digestsBehind(
  digests: readonly Digest[],
  traces: readonly RunTrace[],
): ReadonlySet<Digest> {
  const producers = new Map<Digest, RunTrace[]>();
  for (const run of traces) {
    for (const { digest } of Object.values(run.outs)) {
      const known = producers.get(digest);
      if (known === undefined) producers.set(digest, [run]);
      else known.push(run);
    }
  }
  const needed = new Set<Digest>();
  const waiting = [...digests];
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    if (needed.has(digest)) continue;
    needed.add(digest);
    for (const { deps } of producers.get(digest) ?? []) waiting.push(...deps.map((d) => d.digest));
  }
  return needed;
}

function digestsOfRecentRuns({ traces, retention, now }: RootInputs): Digest[] {
  const seen = new Map<string, number>();
  return traces.flatMap((run) => {
    const nth = (seen.get(run.stage) ?? 0) + 1;
    seen.set(run.stage, nth);
    const isRecent = nth <= retention.keepRuns || now - run.startedMs < retention.olderThanMs;
    return isRecent ? Object.values(run.outs).map(({ digest }) => digest) : [];
  });
}

function memoized(ask: (path: RepoPath) => boolean): (path: RepoPath) => boolean {
  const answers = new Map<RepoPath, boolean>();
  return (path) => {
    const answer = answers.get(path) ?? ask(path);
    answers.set(path, answer);
    return answer;
  };
}
