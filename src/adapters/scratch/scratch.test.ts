import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hashText } from '../hash/blake3.ts';
import { openScratch } from './scratch.ts';

t.test('a file with exactly the text, whatever lay under its name', async (t) => {
  const folder = join(t.testdir({}), 'scratch');
  const scratch = openScratch(folder, hashText);
  const path = await scratch.write('{"lr":0.2}');
  t.equal(readFileSync(path, 'utf8'), '{"lr":0.2}');
  for (const left of ['', '{"lr"', '\0'.repeat(10)]) {
    chmodSync(path, 0o644);
    writeFileSync(path, left);
    t.equal(await scratch.write('{"lr":0.2}'), path);
    t.equal(readFileSync(path, 'utf8'), '{"lr":0.2}');
  }
  t.equal(readdirSync(folder).length, 1);
});
