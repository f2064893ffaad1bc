/**
 * Claims about many stages, side by side with peers:
 *
 *   node bench/stages/run.ts [--stages 1000] [--commands 100] [--rounds 5] [--dvc] [--dir /tmp]
 *
 * no-op     fan-out and join of 1,000 stages, nothing to do: at most 0.4 s of CPU time above `node -e 0`
 * commands  100 stages of `echo`, one after another: at most 10 ms a stage above the same commands
 *           by `spawn('sh', ['-c', …])`; with -j1, so that nothing is hidden behind other commands
 *
 * Programs take turns in each round, and medians of the rounds' differences are compared. ninja and
 * dud take part where they are installed; DVC, which needs minutes, where it is asked for by --dvc.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  AVIAN,
  describeFileSystem,
  findPeer,
  judge,
  measure,
  median,
  NODE_START,
  type Measured,
} from '../measure.ts';
import { fanOutAndJoin, independent, writePipeline, type Peer } from './pipelines.ts';

const { values } = parseArgs({
  options: {
    stages: { type: 'string', default: '1000' },
    commands: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '5' },
    dvc: { type: 'boolean', default: false },
    dir: { type: 'string', default: tmpdir() },
  },
});
const stages = Number(values.stages);
const commands = Number(values.commands);
const rounds = Number(values.rounds);
const NOOP_LIMIT_MS = 400;
const STAGE_LIMIT_MS = 10;

const dvc = values.dvc ? findPeer('dvc', 'pip install dvc==3.67.1') : undefined;
const ninja = findPeer('ninja', 'apt-get install ninja-build');
const dud = findPeer('dud', 'go install github.com/kevin-hanselman/dud@latest');
const root = mkdtempSync(join(values.dir, 'avian-bench-'));

interface Program {
  readonly peer: Peer;
  readonly name: string;
  readonly words: readonly string[];
}

const programs: readonly Program[] = [
  { peer: 'avian', name: 'avian repro', words: [...AVIAN, 'repro', '-j1'] },
  ...(ninja === undefined
    ? []
    : [{ peer: 'ninja', name: 'ninja', words: [ninja, '-j1'] } as const]),
  ...(dud === undefined ? [] : [{ peer: 'dud', name: 'dud run', words: [dud, 'run'] } as const]),
  ...(dvc === undefined
    ? []
    : [{ peer: 'dvc', name: 'dvc repro', words: [dvc, 'repro'] } as const]),
];

try {
  console.log(`on ${describeFileSystem(root)}, ${availableParallelism()} cores, ${rounds} rounds`);
  noOp();
  oneAfterAnother();
} finally {
  rmSync(root, { recursive: true, force: true });
}

function noOp(): void {
  const folders = new Map(
    programs.map(({ peer, words }) => {
      const folder = writePipeline(join(root, `noop-${peer}`), peer, fanOutAndJoin(stages));
      if (peer === 'dvc') adoptAll(folder);
      else measure(words, folder);
      return [peer, folder] as const;
    }),
  );
  const rows = inTurns([
    { name: 'node -e 0', run: () => measure(NODE_START, root) },
    ...programs.map(({ peer, name, words }) => ({
      name,
      run: () => measure(words, folders.get(peer) ?? root),
    })),
  ]);
  print(`no-op of ${stages} stages`, rows);
  const above = difference(rows, 'avian repro', 'node -e 0', ({ cpuMs }) => cpuMs);
  judge('CPU time of a no-op above node -e 0', above, NOOP_LIMIT_MS, ' ms');
}

/** DVC would need ten minutes to run 1,000 stages; it takes over what a shell has made. */
function adoptAll(folder: string): void {
  for (const { cmd } of fanOutAndJoin(stages)) execFileSync('sh', ['-c', cmd], { cwd: folder });
  execFileSync(dvc ?? 'dvc', ['commit', '-f', '-q'], { cwd: folder, stdio: 'inherit' });
}

function oneAfterAnother(): void {
  const plain = join(root, 'plain');
  mkdirSync(plain);
  const pipeline = independent(commands);
  const script = `
    const { spawn } = require('node:child_process');
    const commands = ${JSON.stringify(pipeline.map(({ cmd }) => cmd))};
    const next = () => commands.length > 0 &&
      spawn('sh', ['-c', commands.shift()], { stdio: ['ignore', 'pipe', 'pipe'] }).on('close', next);
    next();`;
  writeFileSync(join(plain, 'spawn.js'), script);
  // A folder each round, none removed before the end: see bench/files on what that costs.
  const folderOf = (peer: Peer, round: number): string => join(root, `commands-${peer}-${round}`);
  const rows = inTurns([
    { name: 'spawn sh -c', run: () => measure([process.execPath, 'spawn.js'], plain) },
    ...programs.map(({ peer, name, words }) => ({
      name,
      run: (round: number) => measure(words, writePipeline(folderOf(peer, round), peer, pipeline)),
    })),
  ]);
  const made = readdirSync(folderOf('avian', 0)).filter((name) => name.startsWith('w'));
  if (made.length !== commands) throw new Error(`avian ran ${made.length} of ${commands} commands`);
  print(`${commands} commands, one after another`, rows);
  for (const { name } of rows.slice(1)) {
    const wall = difference(rows, name, 'spawn sh -c', ({ wallMs }) => wallMs) / commands;
    const cpu = difference(rows, name, 'spawn sh -c', ({ cpuMs }) => cpuMs) / commands;
    console.log(
      `  ${name.padEnd(12)} ${wall.toFixed(1)} ms a stage, ${cpu.toFixed(1)} ms of CPU time`,
    );
  }
  const above = difference(rows, 'avian repro', 'spawn sh -c', ({ wallMs }) => wallMs);
  judge('time a stage above spawn', above / commands, STAGE_LIMIT_MS, ' ms');
}

interface Row {
  readonly name: string;
  readonly rounds: readonly Measured[];
}

function inTurns(
  contenders: readonly { readonly name: string; readonly run: (round: number) => Measured }[],
): readonly Row[] {
  const rows = contenders.map(({ name }) => ({ name, rounds: [] as Measured[] }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of contenders.entries()) {
      rows[index]?.rounds.push(run(round));
    }
  }
  return rows;
}

function difference(
  rows: readonly Row[],
  name: string,
  base: string,
  of: (measured: Measured) => number,
): number {
  const roundsOf = (wanted: string) => rows.find((row) => row.name === wanted)?.rounds ?? [];
  const lower = roundsOf(base).map(of);
  return median(roundsOf(name).map((measured, round) => of(measured) - (lower[round] ?? NaN)));
}

function print(title: string, rows: readonly Row[]): void {
  console.log(title);
  for (const { name, rounds: measured } of rows) {
    const wall = median(measured.map(({ wallMs }) => wallMs)).toFixed(0);
    const cpu = median(measured.map(({ cpuMs }) => cpuMs)).toFixed(0);
    console.log(`  ${name.padEnd(12)} ${wall.padStart(7)} ms ${cpu.padStart(7)} ms of CPU time`);
  }
}
