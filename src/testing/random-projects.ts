import type { Random } from './random.ts';

/*
 * Random pipelines and the changes people make to them, for tests that ask what had to run. Values,
 * not files: a test in memory and one with real tools write them down in their own way.
 */

export interface Step {
  readonly name: string;
  /** A part of its command. */
  readonly version: number;
  /** Its parameter. */
  readonly value: number;
  readonly deps: readonly string[];
  readonly outs: readonly StepOut[];
  /** Writes the same whatever it reads: what is behind it must not run. */
  readonly deaf: boolean;
  readonly frozen: boolean;
  readonly alwaysChanged: boolean;
  /** Its outs lie there while it runs. */
  readonly persist: boolean;
  /** Its command fails after it has written half: nothing that a fingerprint could know. */
  readonly failing: boolean;
}

export interface StepOut {
  readonly path: string;
  /** Holds `a`, which depends on what was read, and `b`, which never changes. */
  readonly directory: boolean;
  readonly cache: boolean;
}

export interface RandomProject {
  readonly steps: readonly Step[];
  /** Text by path; undefined for a source that was deleted. */
  readonly sources: { readonly [path: string]: string | undefined };
}

/** A change of the project, or one of the workspace that the project knows nothing of. */
export type Edit =
  | { readonly kind: 'project'; readonly what: string; readonly project: RandomProject }
  | {
      readonly kind: 'lose-out' | 'trample-out' | 'touch-out';
      readonly what: string;
      readonly out: StepOut;
    };

/** What a test leaves out where two tools are known to differ. */
export interface Allowed {
  readonly uncached: boolean;
  readonly persist: boolean;
  readonly alwaysChanged: boolean;
  readonly frozen: boolean;
  readonly failing: boolean;
  readonly deletedSources: boolean;
}

export const EVERYTHING: Allowed = {
  uncached: true,
  persist: true,
  alwaysChanged: true,
  frozen: true,
  failing: true,
  deletedSources: true,
};

const SOURCES = ['raw0', 'raw1', 'folder/a', 'folder/b'];
/** Paths that a step may read of the sources. */
const READABLE = ['raw0', 'raw1', 'folder', 'folder/b'];

export function randomProject(random: Random, allowed: Allowed): RandomProject {
  let project: RandomProject = {
    steps: [],
    sources: Object.fromEntries(SOURCES.map((path) => [path, 'a'])),
  };
  const count = 1 + random.below(7);
  for (let at = 0; at < count; at += 1) project = withStep(project, at, random, allowed);
  return project;
}

function withStep(
  project: RandomProject,
  number: number,
  random: Random,
  allowed: Allowed,
): RandomProject {
  const name = `s${number}`;
  const outs: StepOut[] = [{ path: `${name}.out`, directory: random.chance(0.3), cache: true }];
  if (random.chance(0.3)) {
    const cache = !(allowed.uncached && random.chance(0.5));
    outs.push({ path: `${name}.more`, directory: false, cache });
  }
  const readable = readableBy(project, project.steps.length);
  const step: Step = {
    ...{ name, version: 0, value: 0, outs, frozen: false, failing: false, alwaysChanged: false },
    deps: apart([random.pick(readable), ...readable.filter(() => random.chance(0.25))]),
    deaf: random.chance(0.25),
    persist: allowed.persist && random.chance(0.15),
  };
  return { ...project, steps: [...project.steps, step] };
}

/** Sources, and outs of the steps before `position`. */
const readableBy = ({ steps }: RandomProject, position: number): readonly string[] => [
  ...READABLE,
  ...steps
    .slice(0, position)
    .flatMap(({ outs }) =>
      outs.flatMap(({ path, directory }) => (directory ? [path, `${path}/b`] : [path])),
    ),
];

/** Each once, and none inside another: that is what pipelines are refused for. */
const apart = (paths: readonly string[]): readonly string[] => {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((other) => path.startsWith(`${other}/`)));
};

/** `earlier`: states to which a person may go back. */
export function randomEdit(
  random: Random,
  project: RandomProject,
  earlier: readonly RandomProject[],
  allowed: Allowed,
): Edit {
  const step = random.pick(project.steps);
  const out = random.pick(step.outs);
  const edited = (what: string, next: RandomProject): Edit => ({
    kind: 'project',
    what,
    project: next,
  });
  const changed = (what: string, changes: Partial<Step>): Edit =>
    edited(`${what} of ${step.name}`, {
      ...project,
      steps: project.steps.map((each) => (each === step ? { ...each, ...changes } : each)),
    });
  const source = random.pick(SOURCES);
  const withSource = (text: string | undefined): RandomProject => ({
    ...project,
    sources: { ...project.sources, [source]: text },
  });
  const edits: (() => Edit | undefined)[] = [
    () => edited(`change ${source}`, withSource('abc'.charAt(random.below(3)))),
    () => edited(`change ${source}`, withSource('abc'.charAt(random.below(3)))),
    () => (allowed.deletedSources ? edited(`delete ${source}`, withSource(undefined)) : undefined),
    () => changed('parameter', { value: random.below(3) }),
    () => changed('command', { version: random.below(3) }),
    () => ({ kind: 'lose-out', what: `delete ${out.path}`, out }),
    () => ({ kind: 'trample-out', what: `edit ${out.path}`, out }),
    () => ({ kind: 'touch-out', what: `touch ${out.path}`, out }),
    () => (allowed.failing ? changed('failing', { failing: !step.failing }) : undefined),
    () =>
      allowed.frozen && !step.alwaysChanged
        ? changed('frozen', { frozen: !step.frozen })
        : undefined,
    () =>
      allowed.alwaysChanged && !step.frozen
        ? changed('always_changed', { alwaysChanged: !step.alwaysChanged })
        : undefined,
    () => {
      const readable = readableBy(project, project.steps.indexOf(step));
      const dep = random.pick(readable);
      const deps = step.deps.includes(dep)
        ? step.deps.filter((each) => each !== dep)
        : apart([...step.deps, dep]);
      return deps.length === 0 ? undefined : changed(`dep ${dep}`, { deps });
    },
    () => edited('a new step', withStep(project, nextNumber(project, earlier), random, allowed)),
    () =>
      project.steps.length === 1
        ? undefined
        : edited(`remove ${step.name}`, {
            ...project,
            steps: project.steps.filter((each) => each !== step),
          }),
    () => (earlier.length === 0 ? undefined : edited('go back', random.pick(earlier))),
    () => (earlier.length === 0 ? undefined : edited('go back', random.pick(earlier))),
  ];
  for (;;) {
    const edit = random.pick(edits)();
    if (edit !== undefined) return edit;
  }
}

/** A name that no state of the project has had, so that a step never becomes another one. */
const nextNumber = (project: RandomProject, earlier: readonly RandomProject[]): number =>
  Math.max(
    ...[project, ...earlier].flatMap(({ steps }) => steps.map(({ name }) => Number(name.slice(1)))),
  ) + 1;
