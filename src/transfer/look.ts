import { problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { BucketEntry } from '../ports/bucket.ts';
import { readCondemned, readIndex } from './consult.ts';
import { LOOK_LASTS } from './layout.ts';
import type { Tools } from './tools.ts';

/** What gcs and other pushes had done when somebody looked. */
export interface Look {
  /** Names that nobody may rely on. */
  readonly condemned: ReadonlySet<string>;
  /** Segments that none supersedes. */
  readonly live: readonly BucketEntry[];
  readonly at: number;
  /**
   * Called before every request that acts on this look.
   * @throws ProblemError `remote/look-expired` when a gc may have deleted since what was seen
   */
  readonly ensureFresh: () => void;
}

type Looking = Pick<Tools, 'bucket' | 'index' | 'ports' | 'jobs' | 'signal'>;

/**
 * The lists of gcs first, the index after it: a gc that has ended by the first has taken its segments
 * by the second, and one that begins after the first waits for longer than a look lasts.
 */
export async function lookAgain(tools: Looking): Promise<Look> {
  const at = tools.ports.clock.now();
  const condemned = await readCondemned(tools);
  return lookOf(condemned, await readIndex(tools), at, tools);
}

export const lookOf = (
  condemned: ReadonlySet<string>,
  live: readonly BucketEntry[],
  at: number,
  { ports, bucket }: Pick<Looking, 'ports' | 'bucket'>,
): Look => ({
  ...{ condemned, live, at },
  ensureFresh: () => {
    if (ports.clock.now() - at > LOOK_LASTS) throw expired(bucket.url);
  },
});

/** Whether something that was seen to be there may not be, or time for it has passed. */
export function isNews(before: Look, now: Look): boolean {
  const live = new Set(now.live.map(({ name }) => name));
  return (
    now.at - before.at > LOOK_LASTS ||
    [...now.condemned].some((name) => !before.condemned.has(name)) ||
    before.live.some(({ name }) => !live.has(name))
  );
}

const expired = (url: string): ProblemError =>
  new ProblemError(
    problem(
      'remote',
      'remote/look-expired',
      `hours passed since ${url} was looked at, and a gc may have changed it`,
      'run it again: it goes on where it stopped',
    ),
  );
