import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { randomFrom, seedOf } from '../src/testing/random.ts';
import { createRig, type Rig } from './rig.ts';
import { missingTmux, openTerminal, type Terminal } from './terminal.ts';

/*
 * The screen in a real terminal: what is on it, what it leaves behind, and that the run, its exit
 * code and its summary are those of plain lines. `npm run test:tui`; minutes.
 */

const inTerminal = { skip: missingTmux() };

/** Three stages; `train` waits for the file `go`, so that a test can look at it for as long as it likes. */
const pipeline = (train: string): { readonly [path: string]: string } => ({
  'pipeline.yaml': `stages:
  fetch:
    cmd: echo fetched; echo birds > birds
    outs: [birds]
  train:
    cmd: sh train.sh
    deps: [birds, train.sh]
    outs: [model]
  evaluate:
    cmd: echo evaluated; cp model score
    deps: [model]
    outs: [score]
`,
  'train.sh': `echo $$ > pid; echo "epoch 1 of 4  loss 0.5"; until [ -e go ]; do sleep 0.05; done; rm -f go; ${train}\n`,
});

const WELL = 'echo "epoch 4 of 4  loss 0.1"; cp birds model';

/** Times, runs and attempts differ between two runs of the same thing. */
const masked = (lines: readonly string[]): readonly string[] =>
  lines.map((line) =>
    line
      .replace(/\d+(\.\d+)?( ms|s|m \d\ds)\b/g, 'TIME')
      .replace(/\d{8}T\d{6}Z-[0-9a-f]{6}/g, 'ATTEMPT')
      .replace(/^logs .*|^ {6}cache\/v1\/logs.*/, 'LOG')
      .replace(/ {2,}TIME/, '  TIME'),
  );

/** What avian says in plain lines when it is over: from the failures' heads or the sum on. */
async function plainEnd(
  t: Test,
  train: string,
): Promise<{ code: number | undefined; end: string }> {
  const rig = createRig(t, pipeline(train));
  const going = rig.start(['repro']);
  await begun(rig);
  rig.write('go', '');
  const { exitCode, stderr } = await going;
  return {
    code: exitCode,
    end: masked(endOf(stderr.split('\n')))
      .join('\n')
      .trimEnd(),
  };
}

const endOf = (lines: readonly string[]): readonly string[] =>
  lines.slice(lines.findLastIndex((line) => line.startsWith('done in')));

async function begun(rig: Rig): Promise<number> {
  while (!existsSync(join(rig.root, 'pid'))) await sleep(20);
  while (rig.read('pid') === '') await sleep(20);
  return Number(rig.read('pid'));
}

function hasEnded(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** The terminal is as avian found it, and nothing wiped what was above. */
async function isGivenBack(t: Test, terminal: Terminal): Promise<void> {
  t.equal(await terminal.flag('alternate_on'), '0', 'the main screen');
  t.equal(await terminal.flag('cursor_flag'), '1', 'the cursor is visible');
  t.equal(await terminal.flag('wrap_flag'), '1', 'long lines go on in the next one');
  while (!terminal.stty().includes('echo')) await sleep(20);
  t.match(terminal.stty(), / icanon /);
  t.match(terminal.stty(), / echo /);
  t.notMatch(terminal.bytes(), '\x1b[3J', 'the scrollback is never wiped');
}

t.test('a whole run on a screen, and what it leaves', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  const terminal = await openTerminal(t, rig.root, ['repro', '--tui'], { columns: 80, rows: 16 });
  const lines = await terminal.until('epoch 1 of 4');
  t.same(masked(lines), [
    'avian  TIME: 3 stages: 1 done, 1 running, 1 queued',
    '  ✓ fetch     done  TIME',
    '❯ ▶ train     running  TIME, 25%  never ran here',
    '  ○ evaluate  queued',
    '──[1 log] 2 why  3 lineage  4 runs  train following, 1 line ────────────────────',
    'loss 0.5 ▅',
    'epoch 1 of 4  loss 0.5',
    ...Array<string>(7).fill(''),
    'j k move  / filter  x stop  ? help  q quit',
  ]);
  await terminal.keys('2');
  await terminal.until('train is running:\n  never ran here');
  await terminal.keys('?');
  await terminal.until('keys\n');
  await terminal.keys('q');
  await terminal.keys('/', 'f', 'e', 't', 'c', 'h', 'Enter');
  t.notMatch((await terminal.until('only stages like `fetch`')).join('\n'), '▶ train');
  rig.write('go', '');
  const end = await terminal.until(/^exit \d+$/m);
  const told = end.slice(end.findIndex((line) => line.startsWith('plan')));
  t.same(masked(told), [
    'plan  3 stages: fetch, train, evaluate',
    '✓ fetch     executed TIME',
    '✓ train     executed TIME',
    '✓ evaluate  executed TIME',
    'LOG',
    'LOG',
    'LOG',
    'done in TIME: 3 executed',
    'exit 0',
  ]);
  for (const path of told.join('\n').match(/cache\/v1\/logs\/\S+/g) ?? []) {
    t.ok(existsSync(join(rig.root, path)), path);
  }
  await isGivenBack(t, terminal);
});

t.test('exit code and end are those of plain lines', inTerminal, async (t) => {
  const cases = [
    ['a good run', WELL],
    ['a failing stage', 'echo no birds here >&2; exit 3'],
    ['a stage that kills itself', 'kill -9 $$'],
  ] as const;
  for (const [name, train] of cases) {
    const plain = await plainEnd(t, train);
    const rig = createRig(t, pipeline(train));
    const terminal = await openTerminal(t, rig.root, ['repro', '--tui']);
    await terminal.until('epoch 1 of 4');
    rig.write('go', '');
    const end = await terminal.until(/^exit \d+$/m);
    t.equal(end.at(-1), `exit ${plain.code}`, name);
    t.equal(masked(endOf(end.slice(0, -1))).join('\n'), plain.end, name);
    await isGivenBack(t, terminal);
  }
});

t.test('kill -9 of the stage fails the stage, not the screen', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  const terminal = await openTerminal(t, rig.root, ['tui']);
  await terminal.until('! fetch');
  await terminal.keys('R');
  await terminal.until('epoch 1 of 4');
  process.kill(await begun(rig), 'SIGKILL');
  const lines = await terminal.until(/✗ train +failed/);
  t.match(lines.join('\n'), /exit 137 -> killed \(SIGKILL\)|killed \(SIGKILL\)/);
  t.match(lines.join('\n'), /⊘ evaluate +blocked/);
  await terminal.keys('q');
  const end = await terminal.until(/^exit \d+$/m);
  t.match(end.join('\n'), /✗ train: .*SIGKILL/);
  await isGivenBack(t, terminal);
});

t.test('Ctrl-C ends the run as without a screen', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  const terminal = await openTerminal(t, rig.root, ['repro', '--tui']);
  await terminal.until('epoch 1 of 4');
  const stage = await begun(rig);
  await terminal.keys('C-c');
  const end = await terminal.until(/^exit \d+$/m);
  t.equal(end.at(-1), 'exit 130');
  t.match(end.join('\n'), /■ train +cancelled/);
  t.ok(hasEnded(stage), 'its command is gone');
  await isGivenBack(t, terminal);
});

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  t.test(`${signal} gives the terminal back and ends with ${code}`, inTerminal, async (t) => {
    const rig = createRig(t, pipeline(WELL));
    const terminal = await openTerminal(t, rig.root, ['repro', '--tui']);
    await terminal.until('epoch 1 of 4');
    process.kill(terminal.pid(), signal);
    t.equal((await terminal.until(/^exit \d+$/m)).at(-1), `exit ${code}`);
    await isGivenBack(t, terminal);
  });
}

t.test('x stops one stage and what needs it, and the rest goes on', inTerminal, async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': `stages:
  left: { cmd: 'echo from left; sleep 100', outs: [l] }
  next: { cmd: cp l n, deps: [l], outs: [n] }
  right: { cmd: 'until [ -e go ]; do sleep 0.05; done; echo x > r', outs: [r] }
`,
  });
  const terminal = await openTerminal(t, rig.root, ['repro', '--tui', '-j2']);
  await terminal.until(/▶ right +running/);
  await terminal.keys('g', 'x');
  await terminal.until('stop left?');
  await terminal.keys('y');
  await terminal.until(/↯ left +interrupted/);
  t.match((await terminal.until(/■ next +cancelled/)).join('\n'), /▶ right +running/);
  rig.write('go', '');
  const end = await terminal.until(/^exit \d+$/m);
  t.match(end.join('\n'), /■ left +cancelled/);
  t.match(end.join('\n'), /✓ right +executed/);
  t.equal(end.at(-1), 'exit 1', 'what was asked for is not done');
  await isGivenBack(t, terminal);
});

t.test('q leaves the run alone: plain lines tell the rest', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  const terminal = await openTerminal(t, rig.root, ['repro', '--tui']);
  await terminal.until('epoch 1 of 4');
  await terminal.keys('q');
  await terminal.until(/▶ train +never ran here/);
  t.equal(await terminal.flag('alternate_on'), '0');
  rig.write('go', '');
  const end = await terminal.until(/^exit \d+$/m);
  t.match(end.join('\n'), /train +\| epoch 4 of 4 {2}loss 0\.1/);
  t.equal(end.at(-1), 'exit 0');
  await isGivenBack(t, terminal);
});

t.test('c copies what is on screen to the clipboard', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  const terminal = await openTerminal(t, rig.root, ['repro', '--tui']);
  await terminal.until('epoch 1 of 4');
  await terminal.keys('c');
  await terminal.until('copied 1 line');
  t.equal(await terminal.clipboard(), 'epoch 1 of 4  loss 0.5\n');
  rig.write('go', '');
  await terminal.until('exit 0');
});

t.test('stopped and continued, it has its screen and its keys again', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  const terminal = await openTerminal(t, rig.root, ['repro', '--tui']);
  const before = masked(await terminal.until('epoch 1 of 4'));
  process.kill(terminal.pid(), 'SIGSTOP');
  await sleep(200);
  process.kill(terminal.pid(), 'SIGCONT');
  await terminal.until(/^avian /);
  await terminal.keys('?');
  await terminal.until('keys\n');
  await terminal.keys('q');
  const after = masked(await terminal.until('epoch 1 of 4'));
  t.same(
    after.map((line) => line.replace(', TIME left', '')),
    before,
  );
  rig.write('go', '');
  await terminal.until('exit 0');
  await isGivenBack(t, terminal);
});

t.test('avian tui: judges, runs, stops, runs again, forces', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  const terminal = await openTerminal(t, rig.root, ['tui'], { columns: 100, rows: 20 });
  await terminal.until(/! fetch +stale +never ran here/);
  await terminal.keys('G', 'r');
  await terminal.until('epoch 1 of 4');
  await terminal.keys('X', 'n');
  await terminal.keys('X');
  await terminal.until('end the run?');
  await terminal.keys('y');
  await terminal.until(/↯ train +interrupted/);
  t.match((await terminal.until('r run')).join('\n'), /fetch +done/);
  await terminal.keys('R');
  await terminal.until(/▶ train +running/);
  rig.write('go', '');
  await terminal.until(/✓ evaluate +done/);
  await terminal.until('r run');
  await terminal.keys('G', 'F');
  await terminal.until('run evaluate again?');
  await terminal.keys('y');
  await terminal.until(/1 (fresh|done).*\n(.*\n)*.*✓ evaluate +done +\d+ ms/);
  await terminal.keys('4');
  await terminal.until(/ok +\S+@.*\n.*ok +\S+@/);
  await terminal.keys('3');
  await terminal.until('made from');
  await terminal.keys('q');
  t.equal((await terminal.until(/^exit \d+$/m)).at(-1), 'exit 0');
  await isGivenBack(t, terminal);
});

t.test('push and pull, with what came of them', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  rig.write('go', '');
  t.equal((await rig.avian('repro')).code, 0);
  const remote = `file://${join(rig.root, 'remote')}`;
  t.equal((await rig.avian(['remote', 'add', 'lab', remote, '--default'])).code, 0);
  const terminal = await openTerminal(t, rig.root, ['tui'], { columns: 120 });
  await terminal.until('3 fresh');
  await terminal.keys('P', 'y');
  await terminal.until(/pushed \d+ objects/);
  await terminal.keys('P', 'y');
  await terminal.until('nothing to push');
  await terminal.keys('p', 'y');
  await terminal.until('nothing to fetch');
  await terminal.keys('q');
  await terminal.until('exit 0');
});

t.test('a storm of resizes leaves a correct screen', inTerminal, async (t) => {
  const seed = seedOf(process.env);
  t.comment(`seed ${seed}`);
  const random = randomFrom(seed);
  const rig = createRig(t, pipeline(WELL));
  const terminal = await openTerminal(t, rig.root, ['repro', '--tui']);
  const before = masked(await terminal.until('epoch 1 of 4'));
  for (let n = 0; n < 60; n += 1) {
    await terminal.resize(40 + random.below(261), 10 + random.below(91));
  }
  for (const [columns, rows] of [
    [300, 100],
    [40, 10],
    [80, 24],
  ] as const) {
    await terminal.resize(columns, rows);
    await sleep(1500);
    const lines = await terminal.screen();
    t.match(lines[0], /^avian /, `${columns} x ${rows}`);
    t.equal(lines.filter((line) => line.includes('▶ train')).length, 1, `${columns} x ${rows}`);
    t.match(lines.at(-1), /^j k move .*q quit$/, `${columns} x ${rows}`);
    t.equal(lines.length, rows - 1, `${columns} x ${rows}: under the terminal's height`);
  }
  // What is left is told once it has run for a while.
  const after = masked(await terminal.screen()).map((line) => line.replace(', TIME left', ''));
  t.same(after, before);
  rig.write('go', '');
  await terminal.until('exit 0');
  await isGivenBack(t, terminal);
});

t.test(
  '100,000 lines: keys are answered, memory is bounded, the whole log is on disk',
  inTerminal,
  async (t) => {
    const flood =
      "node -e \"let n = 0; const go = () => { const end = n + 2000; while (n < end) console.log('line ' + n++ + ' ' + '.'.repeat(60)); if (n < 100000) setTimeout(go, 40); }; go()\"";
    const rig = createRig(t, {
      'pipeline.yaml': 'stages:\n  flood:\n    cmd: sh flood.sh\n    outs: [out]\n',
      'flood.sh': `echo ready; until [ -e go ]; do sleep 0.05; done; ${flood}; until [ -e end ]; do sleep 0.05; done; echo x > out\n`,
    });
    const terminal = await openTerminal(t, rig.root, ['repro', '--tui']);
    await terminal.until('ready');
    const answered = async (times: number): Promise<readonly number[]> => {
      const waits: number[] = [];
      for (let n = 0; n < times; n += 1) {
        const pressed = performance.now();
        await terminal.keys('?');
        await terminal.until('keys\n');
        waits.push(Math.round(performance.now() - pressed));
        await terminal.keys('q');
        await terminal.until('[1 log]');
      }
      return waits.sort((a, b) => a - b);
    };
    const idle = await answered(7);
    rig.write('go', '');
    await terminal.until(/line \d/);
    const busy = await answered(7);
    const [usual = 0, flooded = 0] = [idle[3], busy[3]];
    t.comment(
      `keys answered, tmux included: idle ${idle.join(' ')} ms, in the flood ${busy.join(' ')} ms`,
    );
    t.ok(flooded - usual < 100, `${flooded - usual} ms more than idle`);
    await terminal.until('line 99999');
    const status = readFileSync(`/proc/${terminal.pid()}/status`, 'utf8');
    const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
    t.comment(`peak ${Math.round(peak)} MiB`);
    t.ok(peak < 250, `${peak} MiB`);
    rig.write('end', '');
    const end = await terminal.until('exit 0');
    const log = /cache\/v1\/logs\/\S+/.exec(end.join('\n'))?.[0] ?? '';
    t.equal(rig.read(log).split('\n').length, 100_002);
  },
);

t.test('without a terminal: plain lines, and why, once', async (t) => {
  const rig = createRig(t, pipeline(WELL));
  rig.write('go', '');
  const piped = await rig.avian('repro --tui');
  t.equal(piped.code, 0);
  t.match(piped.stderr, /^⋯ plain lines, no screen: (CI is set|stderr is no terminal)\nplan /);
  const again = await rig.avian('tui', { AVIAN_TUI: '0' });
  t.equal(again.code, 0);
  t.equal(again.stderr, '⋯ plain lines, no screen: AVIAN_TUI=0\n');
  t.match(again.stdout, /3 up to date\n$/);
  t.equal((await rig.avian('repro', { AVIAN_TUI: '0' })).stderr.includes('screen'), false);
});

t.test('for screen readers what changes is said, and nothing is drawn', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  const terminal = await openTerminal(t, rig.root, ['repro', '--tui'], {
    env: { INK_SCREEN_READER: 'true' },
  });
  await terminal.until('▶ train');
  rig.write('go', '');
  await terminal.until('exit 0');
  t.notMatch(terminal.bytes(), /\x1b\[\?1049h|\r {3}/);
  t.notMatch(terminal.bytes(), 'epoch');
  t.match(terminal.bytes(), /✓ train +executed/);
});

t.test(
  'a fault of the screen ends the screen: the run goes on in plain lines',
  inTerminal,
  async (t) => {
    const once = "require('node:fs').rmSync('fault');";
    // A frame that fails React makes once more; what is written closes the screen as well.
    for (const [where, source, then] of [
      ['while a frame is made', 'String.prototype.repeat', ''],
      [
        'while it is written',
        'Object.getPrototypeOf(process.stderr).constructor.prototype.write',
        once,
      ],
    ] as const) {
      const rig = createRig(t, pipeline(WELL));
      // Stands for a bug in React, Ink or a terminal's stream: a function they use throws, once asked to.
      rig.write(
        'fault.cjs',
        `const { existsSync } = require('node:fs');
       const owner = ${source.slice(0, source.lastIndexOf('.'))};
       const name = ${JSON.stringify(source.slice(source.lastIndexOf('.') + 1))};
       const real = owner[name];
       owner[name] = function (...args) {
         if (/screen\\.js/.test(new Error().stack.split('\\n')[2]) && existsSync('fault')) {
           ${then}
           throw new Error('out of ink');
         }
         return real.apply(this, args);
       };\n`,
      );
      const terminal = await openTerminal(t, rig.root, ['repro', '--tui'], {
        columns: 120,
        env: { NODE_OPTIONS: `--require ${join(rig.root, 'fault.cjs')}` },
      });
      await terminal.until('epoch 1 of 4');
      rig.write('fault', '');
      await terminal.until('warning[tui/failed]: the screen failed: out of ink');
      rig.write('go', '');
      const end = await terminal.until(/^exit \d+$/m);
      t.match(end.join('\n'), /▶ train[^]*train +\| epoch 4 of 4/, where);
      t.equal(end.at(-1), 'exit 0', where);
      await isGivenBack(t, terminal);
    }
  },
);

t.test('a run in another terminal is shown while it lasts', inTerminal, async (t) => {
  const rig = createRig(t, pipeline(WELL));
  const going = rig.start(['repro']);
  await begun(rig);
  const terminal = await openTerminal(t, rig.root, ['tui'], { columns: 100 });
  const lines = await terminal.until('epoch 1 of 4');
  t.match(lines[0], /^avian, running elsewhere {2}\S.*: 3 stages: 1 done, 1 running, 1 queued$/);
  await terminal.keys('x');
  await terminal.until('it runs in another terminal: stop it there');
  await terminal.keys('R');
  await terminal.until('something is under way');
  rig.write('go', '');
  t.equal((await going).exitCode, 0);
  await terminal.until(/✓ train +done/);
  await terminal.until(/^avian {2}.*3 stages: /);
  // One that begins while the screen is there, and one that is killed.
  rig.write('pid', '');
  const second = rig.start(['repro', '-f', '-s', 'train']);
  const stage = await begun(rig);
  await terminal.until('running elsewhere');
  second.kill('SIGKILL');
  await second;
  await terminal.until('the avian that ran it has died');
  process.kill(stage, 'SIGKILL');
  await terminal.keys('q');
  await terminal.until('exit 0');
  await isGivenBack(t, terminal);
});
