import { spawnSync } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { openLogStream } from './log-stream.ts';

t.test('lines of a turn are written together once it is over, in order', async (t) => {
  const file = join(t.testdir({}), 'log');
  const stream = openLogStream(openSync(file, 'a'));
  const written = (): string => readFileSync(file, 'utf8');
  stream.write('one\n');
  stream.write('two\n');
  t.equal(written(), '');
  await turn();
  t.equal(written(), 'one\ntwo\n');
  stream.write('three\n');
  await turn();
  t.equal(written(), 'one\ntwo\nthree\n');
});

/** Runs `body` in a process of its own, with `stream` on its standard output, which goes through the rest of a shell's line. */
function run(body: string, through = ''): { status: number | null; stdout: string } {
  const module = JSON.stringify(new URL('./log-stream.ts', import.meta.url).href);
  const script = `import { openLogStream } from ${module}; const stream = openLogStream(1); ${body}`;
  const command = `"$0" --input-type=module-typescript -e "$1" ${through}`;
  const words = ['-o', 'pipefail', '-c', command, process.execPath, script];
  return spawnSync('bash', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

t.test('the last lines are written where the process ends at once', (t) => {
  t.equal(run(`stream.write('last\\n'); process.exit(3);`).stdout, 'last\n');
  t.equal(run(`stream.write('last\\n'); throw new Error('broken');`).stdout, 'last\n');
  const late = `process.on('exit', () => stream.write('late\\n')); stream.write('last\\n');`;
  t.equal(run(late).stdout, 'last\nlate\n');
  t.end();
});

t.test('more than a pipe holds arrives whole at a reader that is slow', (t) => {
  const body = `for (let n = 0; n < 40_000; n++) stream.write(n + '\\n');`;
  const { stdout, status } = run(body, '| (sleep 0.3; cat)');
  t.equal(stdout, Array.from({ length: 40_000 }, (_, n) => `${n}\n`).join(''));
  t.equal(status, 0);
  t.end();
});

t.test('a reader that is gone ends nothing', (t) => {
  const body = `
    const { setTimeout: sleep } = await import('node:timers/promises');
    for (let n = 0; n < 5; n++) { stream.write(n + '\\n'); await sleep(50); }
    process.exitCode = 7;`;
  t.equal(run(body, '| true').status, 7);
  t.end();
});
