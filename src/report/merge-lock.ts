import type { JsonObject } from '../model/json.ts';
import type { LockPlace } from '../model/merge-locks.ts';
import type { MergedLockView } from '../model/views.ts';
import { oneLine } from './describe.ts';

/** What a merge of pipeline.lock came to; the first line tells whether anything is left to do. */
export function mergedLockText(
  view: Omit<MergedLockView, 'toldGit'> & { toldGit?: boolean },
): string {
  if (!view.merged) return 'pipeline.lock has no conflict\n';
  const stages = names(view.conflicts, 'stage');
  const sources = names(view.conflicts, 'source');
  const lines = [
    stages.length + sources.length === 0
      ? 'pipeline.lock merged: no two branches changed the same entry'
      : 'pipeline.lock merged; both sides of what two branches changed are in it',
    ...(stages.length === 0
      ? []
      : [
          `  ${stages.join(', ')}: stale until \`avian repro\` has run ${stages.length === 1 ? 'it' : 'them'}`,
        ]),
    ...sources.map(
      (path) =>
        `  ${path}: \`avian checkout --ours ${path}\` or --theirs chooses, \`avian add ${path}\` takes what lies there`,
    ),
    ...view.kept.map(
      ({ name }) => `  ${oneLine(name)}: removed on one side, changed on the other; kept`,
    ),
    ...(view.toldGit === false ? ['  `git add pipeline.lock` tells git that it is merged'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const names = (places: readonly LockPlace[], kind: LockPlace['kind']): readonly string[] =>
  places.filter((place) => place.kind === kind).map(({ name }) => oneLine(name));

export const mergedLockJson = (view: MergedLockView): JsonObject => ({
  v: 1,
  merged: view.merged,
  conflicts: view.conflicts.map(({ kind, name }) => ({ kind, name })),
  kept: view.kept.map(({ kind, name }) => ({ kind, name })),
  toldGit: view.toldGit,
});
