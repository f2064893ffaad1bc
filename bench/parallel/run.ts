import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * Claim: eight independent stages of `sleep 1` take less than 1.5 s with -j8; DVC runs them one after
 * another. Waiting costs no processor, so the claim holds on two cores; `-j1` is the counter-check.
 */
const STAGES = 8;
const LIMIT_MS = 1500;
const ROUNDS = 3;
const avian = join(import.meta.dirname, '../../dist/avian.js');

const folder = mkdtempSync(join(tmpdir(), 'avian-bench-'));
try {
  const stages = Array.from({ length: STAGES }, (_, i) => {
    const out = `out${i}`;
    return `  ${out}:\n    cmd: sleep 1 && echo ${i} > ${out}\n    outs: [${out}]\n`;
  });
  writeFileSync(join(folder, 'pipeline.yaml'), `stages:\n${stages.join('')}`);
  writeFileSync(join(folder, 'dvc.yaml'), `stages:\n${stages.join('')}`);

  const rounds = Array.from({ length: ROUNDS }, () =>
    time([process.execPath, avian, 'repro', '-f', '-j8']),
  );
  const ms = rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN;
  console.log(`avian repro -j8   ${ms.toFixed(0).padStart(6)} ms   (median of ${ROUNDS})`);
  const serial = time([process.execPath, avian, 'repro', '-f', '-j1']);
  console.log(`avian repro -j1   ${serial.toFixed(0).padStart(6)} ms`);
  if (spawnSync('dvc', ['init', '--no-scm', '-q'], { cwd: folder }).status === 0) {
    console.log(`dvc repro         ${time(['dvc', 'repro', '-f']).toFixed(0).padStart(6)} ms`);
  } else console.log('dvc repro         skipped: pip install dvc==3.67.1');
  const holds = ms < LIMIT_MS && serial > STAGES * 1000;
  console.log(`${holds ? 'holds' : 'FAILS'}: less than ${LIMIT_MS} ms with -j8`);
  if (!holds) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** Milliseconds of wall time. */
function time([program = '', ...words]: readonly string[]): number {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(program, words, { cwd: folder, stdio: 'ignore' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${String(status)}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}
