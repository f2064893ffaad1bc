import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runProgram } from '../vision/testing/run-program.ts';
import { disc } from '../vision/testing/tiny-data.ts';
import { saveTinyModel, tinyLabels } from '../vision/testing/tiny-model.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-predict-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
const at = (name: string): string => join(dir, name);
await saveTinyModel(at('model'));
writeFileSync(at('a.jpg'), await disc(0, 1).toBuffer());
writeFileSync(at('b.jpg'), await disc(2, 3).toBuffer());
writeFileSync(at('notes.txt'), 'a bird, in words');

const predict = (...args: string[]) =>
  runProgram('predict/main.ts', ['--model', at('model'), ...args]);

await t.test('one line a photograph, in the order given', async (t) => {
  const { code, stdout, stderr } = await predict(at('b.jpg'), at('a.jpg'));
  t.equal(code, 0, stderr);
  t.match(stdout, /^\S+b\.jpg: .+%.*\n\S+a\.jpg: .+%.*\n$/);
});

await t.test('--json gives one object a line', async (t) => {
  const { code, stdout } = await predict('--json', at('a.jpg'));
  t.equal(code, 0);
  const answer = JSON.parse(stdout) as { path: string; species: string; top: object[] };
  t.equal(answer.path, at('a.jpg'));
  t.ok(tinyLabels.includes(answer.species));
  t.equal(answer.top.length, tinyLabels.length);
});

await t.test('a bad photograph does not keep the others back, but fails the program', async (t) => {
  const { code, stdout, stderr } = await predict(at('notes.txt'), at('absent.jpg'), at('a.jpg'));
  t.equal(code, 1);
  t.equal(stdout.trim().split('\n').length, 1);
  t.match(stderr, /notes\.txt: .*no JPEG, PNG or WebP/);
  t.match(stderr, /absent\.jpg: ENOENT/);
  t.match(stderr, /error: 2 of 3 photographs could not be read hint:/);
});

await t.test('no photograph, no model', async (t) => {
  t.match((await predict()).stderr, /error: there is no photograph hint: name some/);
  const { code, stderr } = await runProgram('predict/main.ts', [
    '--model',
    at('none'),
    at('a.jpg'),
  ]);
  t.equal(code, 1);
  t.match(stderr, /error: there is no .*none.*hint:/);
});
