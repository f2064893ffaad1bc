import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { openInBrowser } from './browser.ts';

t.test('BROWSER is given the address', async (t) => {
  const folder = t.testdir();
  const [program, seen] = [join(folder, 'look'), join(folder, 'seen')];
  writeFileSync(
    program,
    `#!/bin/sh\nprintf %s "$1" > '${seen}.tmp' && mv '${seen}.tmp' '${seen}'\n`,
  );
  chmodSync(program, 0o755);
  const env = { ...process.env, BROWSER: program };
  t.equal(await openInBrowser('file:///a%20b.html', { env, platform: 'linux' }), true);
  while (!existsSync(seen)) await setTimeout(5);
  t.equal(readFileSync(seen, 'utf8'), 'file:///a%20b.html');
});

t.test('nothing to open it with is an answer', async (t) => {
  for (const platform of ['linux', 'darwin', 'win32']) {
    t.equal(await openInBrowser('file:///a.html', { env: { PATH: '/nowhere' }, platform }), false);
  }
});
