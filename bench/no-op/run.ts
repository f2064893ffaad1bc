import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AVIAN, findPeer, judge, measure, median, NODE_START } from '../measure.ts';

/*
 * Claim: a no-op `avian repro` of seven stages of `cp` takes at most twice `node -e 0`.
 * Nine pairs, each program once a pair, so that a busy machine slows both; medians are compared.
 * DVC takes part where it is installed (`pip install dvc==3.67.1`).
 */
const PAIRS = 9;
const LIMIT = 2;

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
  measure([...AVIAN, 'repro'], folder);
  const dvc = prepareDvc();

  const programs = [
    { name: 'node -e 0', words: NODE_START },
    { name: 'avian repro', words: [...AVIAN, 'repro'] },
    ...(dvc === undefined ? [] : [{ name: 'dvc repro', words: dvc }]),
  ];
  const times = programs.map((): number[] => []);
  for (let pair = -1; pair < PAIRS; pair += 1) {
    for (const [index, { words }] of programs.entries()) {
      const { wallMs } = measure(words, folder);
      if (pair >= 0) times[index]?.push(wallMs);
    }
  }
  const medians = times.map(median);
  const base = medians[0] ?? NaN;
  for (const [index, { name }] of programs.entries()) {
    const ms = medians[index] ?? NaN;
    console.log(`${name.padEnd(12)} ${ms.toFixed(1).padStart(8)} ms   ${(ms / base).toFixed(2)} x`);
  }
  judge('a no-op of 7 stages against node -e 0', (medians[1] ?? NaN) / base, LIMIT, ' x');
} finally {
  rmSync(folder, { recursive: true });
}

function prepareDvc(): readonly string[] | undefined {
  const dvc = findPeer('dvc', 'pip install dvc==3.67.1');
  if (dvc === undefined) return undefined;
  measure([dvc, 'init', '--no-scm', '-q'], folder);
  measure([dvc, 'repro', '-q'], folder);
  return [dvc, 'repro'];
}
