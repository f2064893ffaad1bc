import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * Claim: a no-op `avian repro` of seven stages of `cp` takes at most twice `node -e 0`.
 * Nine pairs, each program once a pair, so that a busy machine slows both; medians are compared.
 * DVC takes part where it is installed (`pip install dvc==3.67.1`).
 */
const PAIRS = 9;
const LIMIT = 2;
const avian = join(import.meta.dirname, '../../dist/avian.js');

const folder = mkdtempSync(join(tmpdir(), 'avian-bench-'));
try {
  const copies = Array.from({ length: 7 }, (_, index) => index);
  const stages = copies.map(
    (index) =>
      `  copy${index}:\n    cmd: cp f${index} f${index + 1}\n    deps: [f${index}]\n    outs: [f${index + 1}]\n`,
  );
  writeFileSync(join(folder, 'pipeline.yaml'), `stages:\n${stages.join('')}`);
  writeFileSync(join(folder, 'dvc.yaml'), `stages:\n${stages.join('')}`);
  writeFileSync(join(folder, 'f0'), 'robin\n');
  execFileSync(process.execPath, [avian, 'repro'], { cwd: folder, stdio: 'pipe' });

  const programs = [
    { name: 'node -e 0', words: [process.execPath, '-e', '0'] },
    { name: 'avian repro', words: [process.execPath, avian, 'repro'] },
    ...(prepareDvc() ? [{ name: 'dvc repro', words: ['dvc', 'repro'] }] : []),
  ];
  const times = programs.map((): number[] => []);
  for (let pair = -1; pair < PAIRS; pair += 1) {
    for (const [index, { words }] of programs.entries()) {
      const elapsed = time(words);
      if (pair >= 0) times[index]?.push(elapsed);
    }
  }
  const medians = times.map(median);
  const base = medians[0] ?? NaN;
  for (const [index, { name }] of programs.entries()) {
    const ms = medians[index] ?? NaN;
    console.log(`${name.padEnd(12)} ${ms.toFixed(1).padStart(8)} ms   ${(ms / base).toFixed(2)} x`);
  }
  const ratio = (medians[1] ?? NaN) / base;
  console.log(`${ratio <= LIMIT ? 'holds' : 'FAILS'}: at most ${LIMIT} x node -e 0`);
  if (!(ratio <= LIMIT)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

function time([program = '', ...words]: readonly string[]): number {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(program, words, { cwd: folder, stdio: 'ignore' });
  if (status !== 0) throw new Error(`${program} ended with ${String(status)}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function prepareDvc(): boolean {
  const ready = spawnSync('dvc', ['init', '--no-scm', '-q'], { cwd: folder });
  if (ready.error !== undefined || ready.status !== 0) return false;
  return spawnSync('dvc', ['repro', '-q'], { cwd: folder }).status === 0;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
