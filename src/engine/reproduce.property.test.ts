import t, { type Test } from 'tap';
import type { Workload } from './request.ts';
import type { StageName } from '../model/names.ts';
import type { Verdict } from '../model/verdict.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { out, pipeline, repro, status, type Details } from '../testing/pipelines.ts';
import { randomFrom, seedOf } from '../testing/random.ts';
import {
  EVERYTHING,
  randomEdit,
  randomProject,
  type Edit,
  type RandomProject,
} from '../testing/random-projects.ts';
import { newMemory, settleAll, write, type Ending } from '../testing/reference-engine.ts';

/*
 * Random pipelines and random edits: after each, the engine runs, restores, skips, fails and blocks
 * exactly what the reference engine says, the files are the same to the byte, and `status` said so
 * before. With failures, frozen and always_changed stages, `persist`, `cache: false`, folders,
 * early cutoff, and going back to earlier states.
 */
const ROUNDS = Number(process.env['CASES'] ?? 60);
const STEPS = 10;
const seed = seedOf(process.env);
t.comment(`seed ${seed}, ${ROUNDS} pipelines of ${STEPS} edits`);

t.test('what ran is what had to run', async (t) => {
  for (let round = 0; round < ROUNDS; round += 1) await playRound(t, seed + round);
});

async function playRound(t: Test, roundSeed: number): Promise<void> {
  const random = randomFrom(roundSeed);
  let project = randomProject(random, EVERYTHING);
  const earlier: RandomProject[] = [];
  const world = new FakeWorld();
  const expected = new Map<string, string>();
  const memory = newMemory();
  const story: string[] = [];
  const problems: string[] = [];
  obeyProject(world, () => project, problems);
  layOut(project, world.files, expected);

  for (let step = 0; step < STEPS; step += 1) {
    if (step > 0) {
      const edit = randomEdit(random, project, earlier, EVERYTHING);
      story.push(edit.what);
      if (edit.kind === 'project') {
        earlier.push(project);
        project = edit.project;
        layOut(project, world.files, expected);
      } else for (const files of [world.files, expected]) disturb(edit, files);
    }
    const context = { SEED: roundSeed, CASES: 1, story, steps: project.steps };
    // Twice: what is done once is not done again.
    for (const time of ['first', 'second']) {
      const workload = workloadOf(project);
      const foreseen = await status(world, workload);
      const endings = settleAll(project, expected, memory);
      const outcomes = await repro(world, workload, { keepGoing: true });
      const found = [...outcomes].map(([name, { kind }]) => `${name} ${kind}`);
      const wanted = [...endings].map(([name, ending]) => `${name} ${ending}`);
      if (!t.same(found.sort(), wanted.sort(), time, context)) return;
      if (!t.same(sorted(world.files), sorted(expected), 'files', context)) return;
      const untrue = [...foreseen].filter(
        ([name, { verdict }]) => !isForetold(verdict, endings.get(name)),
      );
      t.same(untrue, [], 'status said so', context);
    }
    t.same(problems, [], 'outs were where commands expect them', context);
  }
}

/** What `status` says comes true; behind a stage that has to run it says nothing. */
function isForetold({ kind }: Verdict, ending: Ending | undefined): boolean {
  switch (kind) {
    case 'up-to-date':
    case 'frozen':
      return ending === 'skipped' || ending === 'blocked';
    case 'restorable':
      return ending === 'restored' || ending === 'blocked';
    case 'stale':
      return ending === 'executed' || ending === 'failed' || ending === 'blocked';
    case 'undetermined':
      return true;
  }
}

function workloadOf({ steps }: RandomProject): Workload {
  const picture = steps.map(({ name, deps }) => `${deps.join(',')} -> ${name} ->`).join('\n');
  const details: Details = Object.fromEntries(
    steps.map(({ name, version, value, persist, frozen, alwaysChanged, outs }) => [
      name,
      {
        cmd: [`${name} ${version}`],
        values: { value },
        outs: outs.map(({ path, cache }) => out(path, { cache, persist })),
        ...{ frozen, alwaysChanged },
      },
    ]),
  );
  return pipeline(picture, details);
}

/** Commands do what the reference engine thinks they do; a failing one leaves half of it. */
function obeyProject(world: FakeWorld, project: () => RandomProject, problems: string[]): void {
  world.onCommand((command, { files }) => {
    const name = command.env['AVIAN_STAGE'];
    const step = project().steps.find((each) => each.name === (name as StageName));
    if (step === undefined) return undefined;
    for (const { path } of step.outs) {
      const isThere = [...files.keys()].some(
        (file) => file === path || file.startsWith(`${path}/`),
      );
      if (isThere && !step.persist) problems.push(`${path} was not moved aside`);
    }
    if (step.failing) {
      const [first] = step.outs;
      if (first !== undefined) files.set(first.directory ? `${first.path}/a` : first.path, 'half');
      return { code: 1 };
    }
    write(step, files);
    return { code: 0 };
  });
}

function layOut({ sources }: RandomProject, ...worlds: readonly Map<string, string>[]): void {
  for (const files of worlds) {
    for (const [path, text] of Object.entries(sources)) {
      if (text === undefined) files.delete(path);
      else files.set(path, text);
    }
  }
}

function disturb({ kind, ...edit }: Edit, files: Map<string, string>): void {
  if (kind === 'project' || !('out' in edit)) return;
  const { path, directory } = edit.out;
  const inside = [...files.keys()].filter((file) => file === path || file.startsWith(`${path}/`));
  if (kind === 'lose-out') for (const file of inside) files.delete(file);
  if (kind === 'trample-out') files.set(directory ? `${path}/a` : path, 'trampled');
}

const sorted = (files: ReadonlyMap<string, string>): readonly (readonly [string, string])[] =>
  [...files].sort(([a], [b]) => (a < b ? -1 : 1));
