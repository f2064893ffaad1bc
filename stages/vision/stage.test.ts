import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { createStageIo, describeFailure, StageError, writeJson } from './stage.ts';

const io = (...argv: string[]) => createStageIo(argv, {}, () => undefined);

t.test('flags: values, switches, positionals', async (t) => {
  const kinds = { data: 'required', history: 'optional', json: 'switch' } as const;
  const flags = io('--data', 'a/b', 'photo.jpg', '--json').flags(kinds);
  t.same(flags, { data: 'a/b', history: undefined, json: true, positionals: ['photo.jpg'] });
  t.equal(io('--data=x', '--params', 'p.json').flags(kinds).data, 'x');
  t.equal(io('--data=x').flags(kinds).json, false);
  t.throws(() => io().flags(kinds), { message: /--data is missing/, hint: /--params --data/ });
  t.throws(() => io('--data', 'x', '--dta', 'y').flags(kinds), { name: 'StageError' });
  t.throws(() => io('--data').flags(kinds), { name: 'StageError' });
});

t.test('params: --params goes before AVIAN_PARAMS', async (t) => {
  const dir = t.testdir({ 'a.json': '{"seed":1}', 'b.json': '{"seed":2}', 'c.json': '{' });
  const env = { AVIAN_PARAMS: join(dir, 'a.json') };
  const seed = (...argv: string[]) => createStageIo(argv, env).params().integer('seed');
  t.equal(seed(), 1);
  t.equal(seed('--params', join(dir, 'b.json')), 2);
  t.equal(seed(`--params=${join(dir, 'b.json')}`), 2);
  t.throws(() => seed('--params', join(dir, 'c.json')), { message: /c\.json cannot be read/ });
  t.throws(() => seed('--params', join(dir, 'd.json')), { message: /d\.json cannot be read/ });
  t.throws(() => createStageIo([], {}).params(), { name: 'StageError', hint: /--params FILE/ });
});

t.test('progress speaks at once and at the end, not at every step', async (t) => {
  const lines: string[] = [];
  const tick = createStageIo([], {}, (text) => lines.push(text)).progress('draw', 1000);
  for (let done = 1; done <= 1000; done += 1) tick(done);
  t.match(lines[0], /^draw: 1 of 1000 images/);
  t.match(lines.at(-1), /^draw: 1000 of 1000 images/);
  t.ok(lines.length < 10, `${lines.length} lines`);
});

t.test('a failure is one line; a bug keeps its stack', async (t) => {
  t.equal(describeFailure(new StageError('a\n b', 'c')), 'error: a b hint: c');
  const missing = Object.assign(new Error("ENOENT: no such file, open 'x'"), {
    code: 'ENOENT',
    syscall: 'open',
  });
  t.match(describeFailure(missing), /^error: ENOENT.*hint: check that the path/);
  t.match(describeFailure(new TypeError('x is not a function')), /^bug: TypeError.*\n +at /);
  t.equal(describeFailure('text'), 'bug: text was thrown');
});

t.test('a program that fails ends with 1 and that line, one that does not with 0', async (t) => {
  const stage = pathToFileURL(join(import.meta.dirname, 'stage.ts')).href;
  const dir = t.testdir({
    'program.ts': [
      `import { runStage, StageError } from ${JSON.stringify(stage)};`,
      `await runStage(async (io) => {`,
      `  if (io.flags({ fail: 'switch' }).fail) throw new StageError('no birds', 'find some');`,
      `  io.say('fine');`,
      `});`,
    ].join('\n'),
  });
  const run = (...argv: string[]) =>
    spawnSync(process.execPath, [join(dir, 'program.ts'), ...argv], { encoding: 'utf8' });
  const failed = run('--fail');
  t.equal(failed.status, 1);
  t.equal(failed.stderr, 'error: no birds hint: find some\n');
  const fine = run();
  t.equal(fine.status, 0);
  t.equal(fine.stderr, 'fine\n');
});

t.test('writeJson makes the folder, and leaves nothing behind where it fails', async (t) => {
  const dir = t.testdir({ 'is-a-folder': { x: '' } });
  await writeJson(join(dir, 'deep/er/a.json'), { b: [1] });
  t.equal(readFileSync(join(dir, 'deep/er/a.json'), 'utf8'), '{\n  "b": [\n    1\n  ]\n}\n');
  await t.rejects(writeJson(join(dir, 'is-a-folder'), 1));
  t.same(readdirSync(dir).sort(), ['deep', 'is-a-folder']);
});
