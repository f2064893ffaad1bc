import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AVIAN, findPeer, judge, measure, median } from '../measure.ts';

/*
 * Claim: eight independent stages of `sleep 1` take less than 1.5 s with -j8; DVC runs them one after
 * another. Waiting costs no processor, so the claim holds on two cores; `-j1` is the counter-check.
 */
const STAGES = 8;
const LIMIT_MS = 1500;
const ROUNDS = 3;

const folder = mkdtempSync(join(tmpdir(), 'avian-bench-'));
try {
  const stages = Array.from({ length: STAGES }, (_, i) => {
    const out = `out${i}`;
    return `  ${out}:\n    cmd: sleep 1 && echo ${i} > ${out}\n    outs: [${out}]\n`;
  });
  writeFileSync(join(folder, 'pipeline.yaml'), `stages:\n${stages.join('')}`);
  writeFileSync(join(folder, 'dvc.yaml'), `stages:\n${stages.join('')}`);

  const rounds = Array.from({ length: ROUNDS }, () => time([...AVIAN, 'repro', '-f', '-j8']));
  tell('avian repro -j8', median(rounds), `   (median of ${ROUNDS})`);
  const serial = time([...AVIAN, 'repro', '-f', '-j1']);
  tell('avian repro -j1', serial);
  const dvc = findPeer('dvc', 'pip install dvc==3.67.1');
  if (dvc !== undefined) {
    spawnSync(dvc, ['init', '--no-scm', '-q'], { cwd: folder });
    tell('dvc repro', time([dvc, 'repro', '-f']));
  }
  judge(`${STAGES} x sleep 1 with -j8`, median(rounds), LIMIT_MS, ' ms');
  if (serial < STAGES * 1000) throw new Error('-j1 ran stages side by side');
} finally {
  rmSync(folder, { recursive: true });
}

function time(words: readonly string[]): number {
  return measure(words, folder).wallMs;
}

function tell(name: string, ms: number, more = ''): void {
  console.log(`${name.padEnd(16)} ${ms.toFixed(0).padStart(6)} ms${more}`);
}
