import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { execa } from 'execa';
import { picture } from '../src/adapters/workspace/testing.ts';
import { randomFrom, seedOf } from '../src/testing/random.ts';
import {
  EVERYTHING,
  randomEdit,
  randomProject,
  type Allowed,
  type Edit,
  type RandomProject,
  type Step,
} from '../src/testing/random-projects.ts';
import { findDvc, INSTALL_DVC, startDvc, type DvcDriver } from './dvc.ts';
import { AVIAN } from './rig.ts';

/*
 * avian against DVC 3 itself: random pipelines, random edits, and after each the same stages have
 * run, been restored or been skipped, and the outs are the same to the byte. Where the two differ,
 * it is meant:
 *
 *   case                                        DVC                         avian
 *   a command fails                             half an out stays           the last good out is back
 *   a frozen stage whose out is lost            fails                       is skipped; who reads it fails
 *   back to an earlier state, `persist`         runs again                  restores
 *   back, `cache: false`, its out never changed  runs again                  takes what lies there
 *   a dep is no longer declared                 nothing                     runs: it was made with it
 *   a dep becomes executable                    nothing                     runs
 *   a folder that is empty comes into a dep     nothing                     runs
 *   a stage changes its own dep                 succeeds                    fails
 *   a `cmd` of several lines                    stops at the first failure  is one script for `sh -c`
 *
 * Not compared: parallel stages, interruptions and locks, which DVC has otherwise or not at all.
 * SEED, CASES and EDITS choose what is played; AVIAN_DVC names the DVC.
 */
const CASES = Number(process.env['CASES'] ?? 25);
const EDITS = Number(process.env['EDITS'] ?? 6);
const seed = seedOf(process.env);
/** Left out of random projects: what the table above says of them is tested case by case. */
const AGREED: Allowed = { ...EVERYTHING, uncached: false, persist: false, frozen: false };

/** Name, version, ears, outs and deps: what a step of a random project does, for any tool. */
const STEP = `name=$1 version=$2 ears=$3 outs=$4
shift 4
value=$(sed -n "s/^$name: //p" params.yaml)
read=$(for dep in "$@"; do find "$dep" -type f | LC_ALL=C sort | xargs cat; echo; done | cksum)
text="$name:$version:$value($read)"
[ "$ears" = deaf ] && text="$name deaf"
[ -e "$PEERS_FAIL/$name" ] && text=half
for out in $(echo "$outs" | tr , ' '); do
  case $out in
  */) mkdir -p "$out"; echo "$text" > "$out"a; echo "$name" > "$out"b ;;
  *) echo "$text" > "$out" ;;
  esac
  [ "$text" = half ] && exit 1
done
echo "$name" >> "$PEERS_RAN"
`;

type Endings = { readonly [step: string]: string };

/** The same project for both tools, each in a folder of its own. */
class Pair {
  readonly #folder: string;
  readonly #dvc: DvcDriver;

  constructor(folder: string, dvc: DvcDriver) {
    this.#folder = folder;
    this.#dvc = dvc;
    for (const tool of ['avian', 'dvc']) this.write(tool, 'step.sh', STEP);
    fs.mkdirSync(join(folder, 'fail'));
  }

  async init(): Promise<void> {
    await this.#dvc.call(this.root('dvc'), 'init', '--no-scm', '-q');
  }

  root(tool: 'avian' | 'dvc'): string {
    return join(this.#folder, tool);
  }

  write(tool: string, path: string, text: string): void {
    const file = join(this.#folder, tool, path);
    fs.mkdirSync(dirname(file), { recursive: true });
    // A file that already says so keeps its times.
    if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text) return;
    fs.writeFileSync(file, text);
  }

  layOut(project: RandomProject): void {
    for (const [tool, file] of [
      ['avian', 'pipeline.yaml'],
      ['dvc', 'dvc.yaml'],
    ] as const) {
      this.write(tool, file, pipelineText(project));
      const params = project.steps.map(({ name, value }) => `${name}: ${value}\n`).join('');
      this.write(tool, 'params.yaml', params);
      for (const [path, text] of Object.entries(project.sources)) {
        if (text === undefined) fs.rmSync(join(this.#folder, tool, path), { force: true });
        else this.write(tool, path, `${text}\n`);
      }
    }
    for (const { name, failing } of project.steps) {
      const flag = join(this.#folder, 'fail', name);
      if (failing) fs.writeFileSync(flag, '');
      else fs.rmSync(flag, { force: true });
    }
  }

  disturb(edit: Exclude<Edit, { kind: 'project' }>): void {
    for (const tool of ['avian', 'dvc'] as const) {
      const { path, directory } = edit.out;
      const out = join(this.root(tool), path);
      const file = directory ? join(out, 'a') : out;
      if (edit.kind === 'lose-out') fs.rmSync(out, { recursive: true, force: true });
      else if (!fs.existsSync(file)) continue;
      else if (edit.kind === 'trample-out') fs.writeFileSync(file, 'trampled\n');
      else fs.utimesSync(file, new Date(), new Date());
    }
  }

  async avian(): Promise<Endings> {
    const { stdout, exitCode } = await execa(process.execPath, [AVIAN, 'repro', '-k', '--json'], {
      cwd: this.root('avian'),
      env: this.environment('avian'),
      reject: false,
    });
    const events = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map(
        (line) => JSON.parse(line) as { type: string; stage: string; outcome: { kind: string } },
      );
    const settled = events.filter(({ type }) => type === 'stage-settled');
    if (settled.length === 0) throw new Error(`avian ended with ${exitCode}: ${stdout}`);
    return Object.fromEntries(settled.map(({ stage, outcome }) => [stage, outcome.kind]));
  }

  async dvc(stages: readonly string[]): Promise<Endings> {
    const ran = join(this.#folder, 'ran');
    fs.rmSync(ran, { force: true });
    const { lines } = await this.#dvc.call(this.root('dvc'), 'repro', '-k');
    const done = fs.existsSync(ran) ? fs.readFileSync(ran, 'utf8').split('\n') : [];
    const says = (pattern: RegExp): readonly string[] => lines.filter((line) => pattern.test(line));
    const blocked = says(/will be skipped due to this failure/).flatMap((line) =>
      [...line.matchAll(/'([^']+)'/g)].map(([, name]) => name),
    );
    return Object.fromEntries(
      stages.map((name) => {
        if (blocked.includes(name)) return [name, 'blocked'];
        if (done.includes(name)) return [name, 'executed'];
        if (says(new RegExp(`^Stage '${name}' didn't change`)).length > 0) return [name, 'skipped'];
        if (says(new RegExp(`^Stage '${name}' is cached`)).length > 0) return [name, 'restored'];
        return [name, 'failed'];
      }),
    );
  }

  environment(tool: 'avian' | 'dvc'): NodeJS.ProcessEnv {
    return {
      SHELL: '/bin/sh',
      PEERS_FAIL: join(this.#folder, 'fail'),
      PEERS_RAN: join(this.#folder, tool === 'dvc' ? 'ran' : 'ran-avian'),
    };
  }

  /** Every byte and executable bit of the outs, as a tool left them. */
  outs(tool: 'avian' | 'dvc', { steps }: RandomProject): readonly string[] {
    const paths = new Set(steps.flatMap(({ outs }) => outs.map(({ path }) => path)));
    return picture(this.root(tool)).filter((line) => {
      const [, path = ''] = /^. "([^"/]+)/.exec(line) ?? [];
      return paths.has(path);
    });
  }
}

const pipelineText = ({ steps }: RandomProject): string =>
  `stages:\n${steps.map(stepText).join('')}`;

function stepText({ name, version, deps, outs, deaf, ...step }: Step): string {
  const promised = outs.map(({ path, directory }) => (directory ? `${path}/` : path)).join();
  const about = (cache: boolean): string =>
    [...(cache ? [] : ['cache: false']), ...(step.persist ? ['persist: true'] : [])].join(', ');
  return `  ${name}:
    cmd: sh step.sh ${name} ${version} ${deaf ? 'deaf' : 'hears'} ${promised} ${deps.join(' ')}
    deps: [${deps.join(', ')}]
    params: [${name}]
    outs: [${outs.map(({ path, cache }) => `{${path}: {${about(cache)}}}`).join(', ')}]
${step.frozen ? '    frozen: true\n' : ''}${step.alwaysChanged ? '    always_changed: true\n' : ''}`;
}

const program = findDvc();
t.setTimeout(0);
t.test(
  'after every edit avian and DVC run, restore and skip the same, and leave the same bytes',
  { skip: program === undefined && `needs DVC 3: ${INSTALL_DVC}` },
  async (t) => {
    t.comment(`seed ${seed}, ${CASES} pipelines of ${EDITS} edits`);
    let compared = 0;
    for (let number = 0; number < CASES; number += 1) compared += await playCase(t, seed + number);
    t.comment(`${compared} runs of both tools compared`);
  },
);

const startPairedDvc = (folder: string): DvcDriver =>
  startDvc(program ?? '', {
    SHELL: '/bin/sh',
    PEERS_FAIL: join(folder, 'fail'),
    PEERS_RAN: join(folder, 'ran'),
    DVC_SITE_CACHE_DIR: join(folder, 'site'),
  });

const RAW = { raw: 'a\n', 'folder/x': 'x\n', 'params.yaml': 'p: 1\n' };
const COPY = 'cmd: cat raw > out, deps: [raw], params: [p], outs: [out]';

/** A project, what is done to it after a first run, and how its stages end then; the table above. */
const DIFFERENCES: readonly {
  readonly name: string;
  readonly stages: string;
  readonly change: (
    root: string,
    run: () => Promise<unknown>,
    stages: (text: string) => void,
  ) => Promise<void> | void;
  readonly dvc: string;
  readonly avian: string;
}[] = [
  {
    name: 'a command fails',
    stages: '{a: {cmd: sh do.sh, deps: [do.sh], outs: [out]}}',
    change: (root) => fs.writeFileSync(join(root, 'do.sh'), 'echo half > out; exit 1\n'),
    dvc: 'a failed; out: half',
    avian: 'a failed; out: whole',
  },
  {
    name: 'a frozen stage whose out is lost',
    stages: `{a: {${COPY}}}`,
    change: (root, _run, stages) => {
      stages(`{a: {${COPY}, frozen: true}}`);
      fs.rmSync(join(root, 'out'));
    },
    dvc: 'a failed; no out',
    avian: 'a skipped; no out',
  },
  {
    name: 'back to an earlier state, `persist`',
    stages: `{a: {${COPY.replace('[out]', '[{out: {persist: true}}]')}}}`,
    change: goBack,
    dvc: 'a executed; out: a',
    avian: 'a restored; out: a',
  },
  {
    name: 'back, `cache: false`, its out never changed',
    stages:
      '{a: {cmd: echo same > out; echo a >> $PEERS_RAN, deps: [raw], outs: [{out: {cache: false}}]}}',
    change: goBack,
    dvc: 'a executed; out: same',
    avian: 'a restored; out: same',
  },
  {
    name: 'a dep is no longer declared',
    stages: '{a: {cmd: cat raw > out, deps: [raw, folder], outs: [out]}}',
    change: (_root, _run, stages) => stages('{a: {cmd: cat raw > out, deps: [raw], outs: [out]}}'),
    dvc: 'a skipped; out: a',
    avian: 'a executed; out: a',
  },
  {
    name: 'a dep becomes executable',
    stages: `{a: {${COPY}}}`,
    change: (root) => fs.chmodSync(join(root, 'raw'), 0o755),
    dvc: 'a skipped; out: a',
    avian: 'a executed; out: a',
  },
  {
    name: 'a folder that is empty comes into a dep',
    stages: '{a: {cmd: cat raw > out, deps: [raw, folder], outs: [out]}}',
    change: (root) => fs.mkdirSync(join(root, 'folder/empty')),
    dvc: 'a skipped; out: a',
    avian: 'a executed; out: a',
  },
  {
    name: 'a stage changes its own dep',
    stages: '{a: {cmd: sh do.sh, deps: [do.sh, raw], outs: [out]}}',
    change: (root) =>
      fs.writeFileSync(
        join(root, 'do.sh'),
        'echo more >> raw; echo done > out; echo a >> "$PEERS_RAN"\n',
      ),
    dvc: 'a executed; out: done',
    avian: 'a failed; out: whole',
  },
  {
    name: 'a `cmd` of several lines',
    stages: `{a: {${COPY}}}`,
    change: (_root, _run, stages) =>
      stages('{a: {cmd: "false\\necho second > out\\necho a >> $PEERS_RAN", outs: [out]}}'),
    dvc: 'a failed; no out',
    avian: 'a executed; out: second',
  },
];

async function goBack(root: string, run: () => Promise<unknown>): Promise<void> {
  fs.writeFileSync(join(root, 'raw'), 'another\n');
  await run();
  fs.writeFileSync(join(root, 'raw'), RAW.raw);
}

t.test(
  'where they differ, both do what the table says',
  { skip: program === undefined && `needs DVC 3: ${INSTALL_DVC}` },
  async (t) => {
    for (const { name, stages, change, ...expected } of DIFFERENCES) {
      const folder = fs.mkdtempSync(join(tmpdir(), 'avian-peers-'));
      const dvc = startPairedDvc(folder);
      try {
        const pair = new Pair(folder, dvc);
        await pair.init();
        for (const tool of ['avian', 'dvc'] as const) {
          const root = pair.root(tool);
          const declare = (text: string): void =>
            pair.write(
              tool,
              tool === 'dvc' ? 'dvc.yaml' : 'pipeline.yaml',
              `stages: ${logged(text)}\n`,
            );
          for (const [path, text] of Object.entries(RAW)) pair.write(tool, path, text);
          pair.write(tool, 'do.sh', 'echo whole > out; echo a >> "$PEERS_RAN"\n');
          declare(stages);
          const run = (): Promise<Endings> => (tool === 'dvc' ? pair.dvc(['a']) : pair.avian());
          t.same(await run(), { a: 'executed' }, `${name}: the first run of ${tool}`);
          await change(root, run, declare);
          const { a: ending } = await run();
          const out = join(root, 'out');
          const left = fs.existsSync(out)
            ? `out: ${fs.readFileSync(out, 'utf8').trim()}`
            : 'no out';
          t.equal(`a ${ending}; ${left}`, expected[tool], `${name}: ${tool}`);
        }
      } finally {
        await dvc.close();
        fs.rmSync(folder, { recursive: true, force: true });
      }
    }
  },
);

/** A copy that says that it was made. */
const logged = (stages: string): string =>
  stages.replaceAll('cat raw > out', "'cat raw > out; echo a >> $PEERS_RAN'");

async function playCase(t: Test, caseSeed: number): Promise<number> {
  const random = randomFrom(caseSeed);
  const folder = fs.mkdtempSync(join(tmpdir(), 'avian-peers-'));
  const dvc = startPairedDvc(folder);
  const story: string[] = [];
  let compared = 0;
  try {
    const pair = new Pair(folder, dvc);
    await pair.init();
    let project = randomProject(random, AGREED);
    const earlier: RandomProject[] = [];
    for (let step = 0; step <= EDITS; step += 1) {
      if (step > 0) {
        const edit = randomEdit(random, project, earlier, AGREED);
        story.push(edit.what);
        if (edit.kind !== 'project') pair.disturb(edit);
        else {
          earlier.push(project);
          project = edit.project;
        }
      }
      pair.layOut(project);
      const [ours, theirs] = [
        await pair.avian(),
        await pair.dvc(project.steps.map(({ name }) => name)),
      ];
      compared += 1;
      const context = { SEED: caseSeed, CASES: 1, story, pipeline: pipelineText(project) };
      if (!t.same(ours, theirs, 'the same stages', context)) break;
      // DVC leaves half an out where a command has failed, and avian the last good one.
      for (const { name, outs } of project.steps) {
        if (ours[name] !== 'failed') continue;
        for (const out of outs) pair.disturb({ kind: 'lose-out', what: '', out });
      }
      if (!t.same(pair.outs('avian', project), pair.outs('dvc', project), 'bytes', context)) break;
    }
  } finally {
    await dvc.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return compared;
}
