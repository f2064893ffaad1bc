import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AVIAN, findPeer, judge, measure, median, NODE_START } from '../measure.ts';
import { openTerminal } from './terminal.ts';

/*
 * Claims: from the start of `avian tui` to the first frame that lists the stages at most 250 ms of
 * process time above `node -e 0`, in a project of two stages and in this repository; and a key is answered
 * within 100 ms while a stage prints 100,000 lines in 2 s. Linux, with util-linux's `script`.
 */
const ROUNDS = 9;
const FRAME_LIMIT_MS = 250;
const KEY_LIMIT_MS = 100;

const LISTED = /\d+ stages: /;
const JUDGED = /\d+ stages: (?!\d+ unknown)/;

if (findPeer('script', 'apt-get install bsdutils') === undefined) process.exit(1);
const folder = mkdtempSync(join(tmpdir(), 'avian-bench-'));
try {
  await firstFrames('two stages', smallProject());
  await firstFrames('this repository', join(import.meta.dirname, '../..'));
  await keysInAFlood();
} finally {
  rmSync(folder, { recursive: true });
}

/** `node -e 0` and `avian tui` by turns, so that a busy machine slows both. The first round warms caches. */
async function firstFrames(name: string, project: string): Promise<void> {
  const [node, listed, judged]: number[][] = [[], [], []];
  for (let round = -1; round < ROUNDS; round += 1) {
    const { cpuMs } = measure(NODE_START, project);
    const terminal = openTerminal([...AVIAN, 'tui'], project);
    await terminal.until(LISTED);
    const first = terminal.cpuMs();
    await terminal.until(JUDGED);
    const second = terminal.cpuMs();
    terminal.press('q');
    await terminal.ended();
    if (round < 0) continue;
    node?.push(cpuMs);
    listed?.push(first);
    judged?.push(second);
  }
  const base = median(node ?? []);
  console.log(`${name}: node -e 0 ${base.toFixed(0)} ms of process time`);
  for (const [what, times = []] of [
    ['stages listed', listed],
    ['stages judged', judged],
  ] as const) {
    const ms = median(times);
    console.log(
      `  ${what}  ${ms.toFixed(0).padStart(5)} ms, ${(ms - base).toFixed(0)} ms above, ${(ms / base).toFixed(1)} x`,
    );
  }
  const above = median(listed ?? []) - base;
  judge(`first frame of ${name} above node -e 0`, above, FRAME_LIMIT_MS, ' ms');
}

function smallProject(): string {
  writeFileSync(join(folder, 'in'), 'robin\n');
  writeFileSync(
    join(folder, 'pipeline.yaml'),
    `stages:
  prepare: { cmd: cp in clean, deps: [in], outs: [clean] }
  train: { cmd: cp clean model, deps: [clean], outs: [model] }
`,
  );
  measure([...AVIAN, 'repro'], folder);
  return folder;
}

/** Help is asked for and left again, for as long as lines come. */
async function keysInAFlood(): Promise<void> {
  writeFileSync(
    join(folder, 'flood.cjs'),
    `let n = 0;
const go = () => {
  for (const end = n + 2000; n < end; n += 1) console.log('line ' + n + ' ' + '.'.repeat(60));
  if (n < 100000) setTimeout(go, 40);
};
go();
`,
  );
  writeFileSync(
    join(folder, 'pipeline.yaml'),
    'stages:\n  flood:\n    cmd: "node flood.cjs; sleep 1; echo x > out"\n    outs: [out]\n',
  );
  const terminal = openTerminal([...AVIAN, 'repro', '--tui'], folder);
  await terminal.until(/line \d/);
  const waits: number[] = [];
  const began = performance.now();
  while (performance.now() - began < 2000) {
    terminal.press('?');
    waits.push(await terminal.until(/half a page/));
    terminal.press('q');
    waits.push(await terminal.until(/1 log\]/));
  }
  await terminal.until(/exit|done in/);
  await terminal.ended();
  const sorted = waits.toSorted((a, b) => a - b);
  const slow = sorted[Math.floor(sorted.length * 0.95)] ?? NaN;
  const most = sorted.at(-1) ?? NaN;
  console.log(
    `keys in a flood of 100,000 lines: ${waits.length} answered, median ${median(waits).toFixed(1)} ms, 95 of 100 within ${slow.toFixed(0)} ms, the slowest ${most.toFixed(0)} ms`,
  );
  judge('a key in the flood, 95 of 100', slow, KEY_LIMIT_MS, ' ms');
}
