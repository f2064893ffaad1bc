import type { Diagnostic } from '../model/diagnostic.ts';
import { edgeBetween, findCycle } from '../model/graph.ts';
import { contains, overlap } from '../model/names.ts';
import type { RepoPath } from '../model/names.ts';
import type { Out } from '../model/pipeline.ts';
import type { Placed, PlacedStage } from './build-stage.ts';
import type { Code } from './codes.ts';
import { diagnose } from './source.ts';

/** What a schema cannot see: how the parts of stages, and stages, fit together. */
export function checkStages(stages: readonly PlacedStage[]): readonly Diagnostic[] {
  return [
    ...stages.flatMap(checkContradictions),
    ...stages.flatMap(checkOwnPaths),
    ...checkOverlaps(stages),
    ...checkCycle(stages),
  ];
}

function checkContradictions({ stage, name, outs }: PlacedStage): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const refuse = (message: string, hint: string, place = name): void => {
    found.push(diagnose('pipeline/contradiction', message, place, hint));
  };
  if (stage.frozen && stage.alwaysChanged) {
    refuse(
      `stage \`${stage.name}\` is both frozen and always_changed`,
      'frozen stages never run, always_changed ones always do: keep one',
    );
  }
  if (stage.effect && stage.checkpoint) {
    refuse(
      `stage \`${stage.name}\` has both an effect and a checkpoint`,
      'an effect that was begun is not resumed: drop `checkpoint`',
    );
  }
  for (const { value, place } of stage.effect ? outs : []) {
    if (!value.persist) continue;
    refuse(
      `\`${value.path}\` persists, but stage \`${stage.name}\` has an effect`,
      'outs of an effect describe what it did this time: drop `persist`',
      place,
    );
  }
  return found;
}

function checkOwnPaths({ stage, deps, outs }: PlacedStage): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const seen = new Map<RepoPath, Placed<RepoPath>>();
  for (const dep of deps) {
    const first = seen.get(dep.value);
    if (first === undefined) seen.set(dep.value, dep);
    else found.push(two('pipeline/duplicate-dep', `\`${dep.value}\` is a dep twice`, dep, first));
    for (const out of outs) {
      if (!overlap(out.value.path, dep.value)) continue;
      const message = `stage \`${stage.name}\` reads what it writes: \`${out.value.path}\``;
      const hint =
        'every run would make it stale again: keep what is read and what is written apart';
      found.push({ ...two('pipeline/dep-is-out', message, dep, out), hint });
    }
  }
  for (const { value, place } of outs) {
    if (!contains(value.path, stage.wdir)) continue;
    const message = `the working directory \`${stage.wdir}\` lies in the out \`${value.path}\``;
    const hint = 'outs are moved aside before the command starts: work beside them';
    found.push(diagnose('pipeline/wdir-in-out', message, place, hint));
  }
  return found;
}

interface OwnedOut extends Placed<Out> {
  readonly owner: string;
}

// Sorted by parts of the path, everything inside a directory follows it at once, so neighbours
// are enough to compare: linear, where a matrix has thousands of outs.
function checkOverlaps(stages: readonly PlacedStage[]): readonly Diagnostic[] {
  const all: OwnedOut[] = stages.flatMap(({ stage, outs }) =>
    outs.map((out) => ({ ...out, owner: stage.name })),
  );
  const key = ({ value }: OwnedOut): string => value.path.replaceAll('/', '\0');
  const sorted = all
    .map((out, position) => ({ out, position, key: key(out) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.position - b.position));
  const found: { readonly position: number; readonly diagnostic: Diagnostic }[] = [];
  let outer: (typeof sorted)[number] | undefined;
  for (const entry of sorted) {
    if (outer === undefined || !contains(outer.out.value.path, entry.out.value.path)) {
      outer = entry;
      continue;
    }
    const [first, second] = outer.position < entry.position ? [outer, entry] : [entry, outer];
    const diagnostic = describeOverlap(outer.out, entry.out, first.out, second.out);
    found.push({ position: second.position, diagnostic });
  }
  return found.sort((a, b) => a.position - b.position).map(({ diagnostic }) => diagnostic);
}

function describeOverlap(
  outer: OwnedOut,
  inner: OwnedOut,
  first: OwnedOut,
  second: OwnedOut,
): Diagnostic {
  const path = inner.value.path;
  if (outer.value.path !== path) {
    const message =
      outer.owner === inner.owner
        ? `\`${path}\` lies in \`${outer.value.path}\`, both outs of \`${outer.owner}\``
        : `\`${path}\` of \`${inner.owner}\` lies in \`${outer.value.path}\` of \`${outer.owner}\``;
    const hint = 'outs cannot lie in each other: a change of one would be a change of both';
    return { ...two('pipeline/nested-outs', message, second, first), hint };
  }
  if (samePlace(first, second)) {
    const message = `\`${path}\` is written by both \`${first.owner}\` and \`${second.owner}\``;
    const hint = 'their template gives them the same out: put `${item}` or `${key}` into its path';
    return { ...diagnose('pipeline/two-producers', message, second.place), hint };
  }
  if (first.owner === second.owner) {
    return two('pipeline/duplicate-out', `\`${path}\` is an out twice`, second, first);
  }
  const message = `\`${path}\` is written by both \`${first.owner}\` and \`${second.owner}\``;
  const hint = `give one of them another path, or let \`${second.owner}\` take \`${path}\` as a dep`;
  return { ...two('pipeline/two-producers', message, second, first), hint };
}

const samePlace = ({ place: { span: a } }: OwnedOut, { place: { span: b } }: OwnedOut): boolean =>
  a.file === b.file && a.line === b.line && a.column === b.column;

const two = (
  code: Code,
  message: string,
  at: Placed<unknown>,
  also: Placed<unknown>,
): Diagnostic => ({
  ...diagnose(code, message, at.place),
  also: [...(at.place.also ?? []), { span: also.place.span }],
});

function checkCycle(stages: readonly PlacedStage[]): readonly Diagnostic[] {
  // A stage that reads its own out is reported as such.
  const nodes = stages.map(({ stage }) => ({
    name: stage.name,
    deps: stage.deps.filter((dep) => stage.outs.every(({ path }) => !overlap(path, dep))),
    outs: stage.outs,
  }));
  const cycle = findCycle(nodes);
  if (cycle === undefined) return [];
  const links = cycle.slice(0, -1).map((name, i) => {
    const consumer = stages.find(({ stage }) => stage.name === name);
    const producer = stages.find(({ stage }) => stage.name === cycle[i + 1]);
    const edge = consumer && producer && edgeBetween(consumer.stage, producer.stage);
    const dep = consumer?.deps.find(({ value }) => value === edge?.dep);
    if (dep === undefined || edge === undefined) throw new Error('bug: a cycle without its edge');
    return { dep, message: `\`${name}\` needs \`${dep.value}\` from \`${cycle[i + 1] ?? ''}\`` };
  });
  const [first, ...others] = links;
  return [
    {
      ...diagnose(
        'pipeline/cycle',
        `stages need each other: ${cycle.join(' -> ')}`,
        first?.dep.place,
      ),
      also: others.map(({ dep, message }) => ({ span: dep.place.span, message })),
      ...(first !== undefined && {
        hint: `${first.message}: break the circle at one of these deps`,
      }),
    },
  ];
}
