import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LogFile, tailOf } from './log-file.ts';

t.test('a log never takes more than two files of its limit', (t) => {
  const path = join(t.testdir(), 'service.log');
  const log = new LogFile(path, 1000);
  for (let line = 0; line < 300; line += 1) log.write(`line ${line}\n`);
  t.ok(statSync(path).size <= 1000);
  t.ok(statSync(`${path}.1`).size <= 1000);
  t.match(readFileSync(path, 'utf8'), /line 299\n$/);
  const both = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8');
  const [first] = both.split('\n');
  t.match(first, /^line \d+$/, 'rotated between writes');
  new LogFile(path, 1000).write('again\n');
  t.ok(statSync(path).size <= 1000, 'another process goes on where it was');
  t.end();
});

t.test('the tail holds whole lines, and only what came after a mark', (t) => {
  const path = join(t.testdir(), 'service.log');
  const log = new LogFile(path);
  log.write('an earlier run\n');
  const mark = log.mark();
  t.equal(log.since(mark), '');
  log.write('one\ntwo\n');
  t.equal(log.since(mark), 'one\ntwo');
  t.equal(log.since(mark, 5), 'two');
  t.equal(tailOf(path, 100), 'an earlier run\none\ntwo');
  t.equal(tailOf(`${path}.none`), '');
  rmSync(path);
  rmSync(join(path, '..'), { recursive: true });
  log.write('nowhere to go\n');
  t.notOk(existsSync(path), 'a log that cannot be written is no reason to fail');
  t.end();
});
