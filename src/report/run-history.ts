import type { Run } from '../model/run.ts';
import { describeAdoption, describeFailure, oneLine, shortRun } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { ago, decimal, duration } from './units.ts';

const METRICS_SHOWN = 4;

/**
 * The runs of a stage, newest first, one a line:
 *
 *     3f2a91  3 days ago  2m 10s  ok      ana@host  0a1b2c3d  accuracy 0.9433
 *     88c01d  4 days ago     12s  failed  ana@host  0a1b2c3d  exit 1
 *
 * @param now milliseconds since 1970, for the age of runs
 */
export function runHistoryText(runs: readonly Run[], style: Style, now: number): string {
  if (runs.length === 0) return 'it has not run here\n';
  return table(
    runs.map((run): readonly Cell[] => {
      const { commit, host, user } = run.provenance;
      const hasFailed = run.ending.kind === 'failed';
      return [
        { text: shortRun(run.id) },
        { text: ago(run.startedAt, now) },
        { text: run.adopted === undefined ? duration(run.durationMs) : '', right: true },
        hasFailed
          ? { text: 'failed', paint: style.bad }
          : { text: run.adopted === undefined ? 'ok' : describeAdoption(run.adopted) },
        { text: `${oneLine(user)}@${oneLine(host)}` },
        { text: commit?.slice(0, 8) ?? '' },
        { text: outcomeOf(run), loose: true },
      ];
    }),
  );
}

/** What it measured, or why it failed. */
function outcomeOf({ ending, metrics }: Run): string {
  if (ending.kind === 'failed') return describeFailure(ending.failure);
  const measured = Object.values(metrics).flatMap((file) =>
    Object.entries(file).map(([name, n]) => `${oneLine(name)} ${decimal(n)}`),
  );
  const more = measured.length - METRICS_SHOWN;
  return measured.slice(0, METRICS_SHOWN).join(', ') + (more > 0 ? `, +${more} more` : '');
}
