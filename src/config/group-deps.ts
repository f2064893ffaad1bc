import type { Diagnostic } from '../model/diagnostic.ts';
import { closest } from '../model/did-you-mean.ts';
import { matchesGlob } from '../model/glob.ts';
import { groupOf } from '../model/names.ts';
import type { RepoPath } from '../model/names.ts';
import type { Placed, PlacedStage } from './build-stage.ts';
import { diagnose } from './source.ts';

/** `fetch@*`, with a pattern for the members' part of the name; paths have no such form. */
const GROUP_DEP = /^(?:.*\/)?([A-Za-z0-9_][A-Za-z0-9_.-]*@[^/]*\*[^/]*)$/;

/**
 * Puts all outs of a group's members in the place of a dep `fetch@*`, so that what gathers the
 * results of a `foreach` or `matrix` need not repeat its list.
 */
export function resolveGroupDeps(
  stages: readonly PlacedStage[],
  report: (diagnostic: Diagnostic) => void,
): readonly PlacedStage[] {
  const isGroupDep = ({ value }: Placed<RepoPath>): boolean => GROUP_DEP.test(value);
  if (!stages.some(({ deps }) => deps.some(isGroupDep))) return stages;
  return stages.map((placed) => {
    if (!placed.deps.some(isGroupDep)) return placed;
    const deps = placed.deps.flatMap((dep) => {
      const [, pattern] = GROUP_DEP.exec(dep.value) ?? [];
      return pattern === undefined ? [dep] : outsOf(pattern, dep);
    });
    return { ...placed, deps, stage: { ...placed.stage, deps: deps.map(({ value }) => value) } };
  });

  function outsOf(pattern: string, { place }: Placed<RepoPath>): readonly Placed<RepoPath>[] {
    const members = stages.filter(({ stage }) => matchesGlob(stage.name, pattern));
    if (members.length > 0) {
      return members.flatMap(({ outs }) =>
        outs.map(({ value: { path } }) => ({ value: path, place })),
      );
    }
    const groups = [...new Set(stages.map(({ stage }) => groupOf(stage.name) ?? stage.name))];
    const [group = ''] = pattern.split('@');
    const near = closest(group, groups);
    const hint = near === undefined ? undefined : `did you mean "${near}@*"?`;
    report(diagnose('pipeline/unknown-group', `no stage is called \`${pattern}\``, place, hint));
    return [];
  }
}
