/**
 * Claims about many and large files, side by side with the plain tools and with DVC:
 *
 *   node bench/files/run.ts [many] [more] [flat] [large] [--rounds 3] [--scale 1] [--dir /tmp]
 *
 * many   10,000 files of 20 KB: `add` at most 1/6 of DVC, `checkout` at most 1/3 of DVC and 1.5 x
 *        `cp -r`, a no-op `status` at most Node's start and 3 x `find -printf`
 * more   100,000 files of 2 KB in folders: the same `status`, and at most 250 MB of memory
 * flat   100,000 files in one folder, one of which changes: at most 1 MB of new tree objects
 * large  one file of 2 GiB: `add` at most 1.5 x (`b3sum` on one thread and `cp`), a no-op `status`
 *        at most 2 x `node -e 0`; after a touch it is read once more and no second time
 *
 * All four by default; `--scale 0.1` makes each a tenth of its size, to try. Programs take turns and
 * the medians of the rounds' ratios are compared; on a busy machine look at those of CPU time. DVC and
 * b3sum take part where they are installed.
 *
 * Files that are made in thousands are removed at the end only: ext4 without a journal steps over
 * every inode that was freed near by in the last minute or more, one after the other, and a file
 * then takes 0.7 ms of system time to make instead of 0.06. Where others have just deleted a lot,
 * wait, or give a `--dir` right below the root of the disk, which the system places apart.
 */
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeFiles, makeLarge } from '../make-files.ts';
import {
  AVIAN,
  describeFileSystem,
  findPeer,
  judge,
  measure,
  median,
  NODE_START,
  peakMemory,
  type Measured,
} from '../measure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    dir: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(values.rounds);
const scale = Number(values.scale);
const MB = 1e6;

const dvc = findPeer('dvc', 'pip install dvc==3.67.1');
const b3sum = findPeer('b3sum', 'cargo install b3sum');
const root = mkdtempSync(join(values.dir, 'avian-bench-'));
const avian = (...words: string[]): readonly string[] => [...AVIAN, ...words];

const suites: { readonly [name: string]: () => void | Promise<void> } = { many, more, flat, large };

try {
  console.log(`on ${describeFileSystem(root)}, ${availableParallelism()} cores, ${rounds} rounds`);
  for (const name of positionals.length > 0 ? positionals : Object.keys(suites)) {
    const suite = suites[name];
    if (suite === undefined) throw new Error(`there is no suite ${name}`);
    await suite();
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function many(): Promise<void> {
  const times = table();
  for (let round = 0; round < rounds; round++) {
    const project = makeProject(`many-${round}`);
    const data = join(project, 'data');
    makeFiles(data, 10_000 * scale, 20_000, 100);
    const peer = dvc === undefined ? undefined : makePeer(dvc, project);
    execFileSync('sync');
    time(times, 'cp -r', ['cp', '-r', 'data', `../plain-${round}`], project);
    time(times, 'avian add', avian('add', 'data'), project);
    renameSync(data, `${data}-added`);
    execFileSync('sync');
    time(times, 'avian checkout', avian('checkout'), project);
    time(times, 'cp -r again', ['cp', '-r', 'data', `../again-${round}`], project);
    if (dvc !== undefined && peer !== undefined) {
      time(times, 'dvc add', [dvc, 'add', '-q', 'data'], peer);
      renameSync(join(peer, 'data'), join(peer, 'data-added'));
      time(times, 'dvc checkout', [dvc, 'checkout', '-q'], peer);
      time(times, 'dvc status', [dvc, 'status', '-q'], peer);
    }
    await timeNoOp(times, project);
  }
  print('10,000 files of 20 KB', times);
  if (dvc !== undefined) {
    judgeRatio('add, of DVC', times, 'avian add', 'dvc add', 1 / 6);
    judgeRatio('checkout, of DVC', times, 'avian checkout', 'dvc checkout', 1 / 3);
  }
  judgeRatio('checkout, of cp -r', times, 'avian checkout', 'cp -r again', 1.5);
  judgeNoOp(times);
}

async function more(): Promise<void> {
  const project = makeProject('more');
  makeFiles(join(project, 'data'), 100_000 * scale, 2_000, 1000);
  const times = table();
  const adding = await peakMemory(avian('add', 'data'), project);
  await makeStage(project);
  for (let round = 0; round < rounds; round++) await timeNoOp(times, project);
  print('100,000 files of 2 KB', times);
  judgeNoOp(times);
  judge('memory of add', adding / MB, 250, ' MB');
  judge('memory of status', (await peakMemory(avian('status'), project)) / MB, 250, ' MB');
  rmSync(join(project, 'data'), { recursive: true });
  judge('memory of checkout', (await peakMemory(avian('checkout'), project)) / MB, 250, ' MB');
}

async function flat(): Promise<void> {
  const project = makeProject('flat');
  makeFiles(join(project, 'data'), 100_000 * scale, 100, 1);
  measure(avian('add', 'data'), project);
  const before = new Set(objectsOf(project));
  writeFileSync(join(project, 'data/folder-0/photo-7'), 'changed\n');
  await setTimeout(20);
  measure(avian('add', 'data'), project);
  const added = objectsOf(project).filter((path) => !before.has(path));
  const bytes = added.reduce((sum, path) => sum + lstatSync(path).size, 0);
  console.log(`100,000 files in one folder, one changed: ${added.length} new objects`);
  judge('new objects', bytes / MB, 1, ' MB');
}

async function large(): Promise<void> {
  const project = makeProject('large');
  const size = Math.round(2 ** 31 * scale);
  mkdirSync(join(project, 'data'));
  makeLarge(join(project, 'data/file'), size);
  const times = table();
  for (let round = 0; round < rounds; round++) {
    reset(project);
    execFileSync('sync');
    if (b3sum !== undefined) {
      time(times, 'b3sum', [b3sum, '--num-threads', '1', 'data/file'], project);
    }
    time(times, 'cp', ['cp', 'data/file', '../plain'], project);
    rmSync(join(root, 'plain'));
    execFileSync('sync');
    time(times, 'avian add', avian('add', 'data/file'), project);
    await makeStage(project, 'data/file');
    time(times, 'node -e 0', NODE_START, project);
    time(times, 'avian status', avian('status'), project);
    utimesSync(join(project, 'data/file'), new Date(), new Date());
    time(times, 'after a touch', avian('status'), project);
    time(times, 'after that', avian('status'), project);
  }
  print('one file of 2 GiB', times);
  if (b3sum !== undefined) {
    const figure = (of: (name: string) => number): number =>
      of('avian add') / (of('b3sum') + of('cp'));
    judgeRounds('add, of b3sum and cp', 1.5, figure, times);
  }
  judgeRatio('a no-op status, of node -e 0', times, 'avian status', 'node -e 0', 2);
  judgeRatio('status after the one after a touch', times, 'after that', 'node -e 0', 2);
}

type Times = Map<string, Measured[]>;

function table(): Times {
  return new Map();
}

function time(times: Times, name: string, words: readonly string[], cwd: string): void {
  times.set(name, [...(times.get(name) ?? []), measure(words, cwd)]);
}

/** Holds the median of the rounds' figures against a limit, by the clock; CPU time is told beside it. */
function judgeRounds(
  claim: string,
  limit: number,
  figure: (of: (name: string) => number) => number,
  times: Times,
): void {
  const by = (which: keyof Measured): number =>
    median(
      Array.from({ length: rounds }, (_, round) =>
        figure((name) => times.get(name)?.[round]?.[which] ?? NaN),
      ),
    );
  judge(`${claim} (by CPU time ${by('cpuMs').toFixed(2)})`, by('wallMs'), limit);
}

function judgeRatio(claim: string, times: Times, name: string, base: string, limit: number): void {
  judgeRounds(claim, limit, (of) => of(name) / of(base), times);
}

async function timeNoOp(times: Times, project: string): Promise<void> {
  await makeStage(project);
  time(times, 'node -e 0', NODE_START, project);
  time(times, 'find -printf', ['find', 'data', '-printf', '%p %s %T@ %C@ %i\\n'], project);
  time(times, 'avian status', avian('status'), project);
}

/** What is above Node's start, in walks of `find`. */
function judgeNoOp(times: Times): void {
  judgeRounds(
    "a no-op status above node's start, of find -printf",
    3,
    (of) => (of('avian status') - of('node -e 0')) / of('find -printf'),
    times,
  );
}

function print(title: string, times: Times): void {
  console.log(title);
  for (const [name, all] of times) {
    const wall = median(all.map(({ wallMs }) => wallMs)).toFixed(0);
    const cpu = median(all.map(({ cpuMs }) => cpuMs)).toFixed(0);
    const each = all.map(({ wallMs }) => wallMs.toFixed(0)).join(', ');
    console.log(
      `  ${name.padEnd(15)} ${wall.padStart(7)} ms ${cpu.padStart(7)} ms of CPU time   (${each})`,
    );
  }
}

function makeProject(name: string): string {
  const project = join(root, name);
  mkdirSync(project);
  writeFileSync(join(project, 'pipeline.yaml'), 'stages: {}\n');
  return project;
}

/** A stage that reads the data, brought up to date: what `status` then has to look at. */
async function makeStage(project: string, dep = 'data'): Promise<void> {
  const stage = `stages:\n  read:\n    cmd: echo done > out\n    deps: [${dep}]\n    outs: [out]\n`;
  if (readFileSync(join(project, 'pipeline.yaml'), 'utf8') !== stage) {
    writeFileSync(join(project, 'pipeline.yaml'), stage);
  }
  // What was made in this tick of the clock is not believed yet.
  await setTimeout(20);
  measure(avian('repro'), project);
  measure(avian('status'), project);
}

/** As before the first add. */
function reset(project: string): void {
  for (const name of ['cache', 'pipeline.lock', 'out', '.gitignore', 'data/.gitignore']) {
    rmSync(join(project, name), { recursive: true, force: true });
  }
  writeFileSync(join(project, 'pipeline.yaml'), 'stages: {}\n');
}

function makePeer(program: string, project: string): string {
  const peer = `${project}-peer`;
  mkdirSync(peer);
  execFileSync('cp', ['-r', join(project, 'data'), peer]);
  execFileSync(program, ['init', '--no-scm', '-q'], { cwd: peer });
  return peer;
}

function objectsOf(project: string): string[] {
  const folder = join(project, 'cache/v1/objects');
  return readdirSync(folder).flatMap((prefix) =>
    readdirSync(join(folder, prefix)).map((name) => join(folder, prefix, name)),
  );
}
