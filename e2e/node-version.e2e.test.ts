import { spawnSync } from 'node:child_process';
import t from 'tap';
import { PRETEND_OLD, findOldNode } from './old-node.ts';
import { AVIAN } from './rig.ts';

const VERBS = [['--version'], ['repro'], ['status', '--json'], ['nonsense']];

t.test(
  'a Node that is too old is told in one line, with exit 64, before anything loads',
  async (t) => {
    for (const words of VERBS) {
      const { status, stderr, stdout } = spawnSync(
        process.execPath,
        [...PRETEND_OLD, AVIAN, ...words],
        { encoding: 'utf8' },
      );
      t.equal(status, 64, words.join(' '));
      t.equal(stdout, '');
      t.match(
        stderr,
        /^avian needs Node 22\.\d+ or newer and this is v\S+: .*npm i -D node@24`\n$/,
      );
    }
  },
);

const old = findOldNode();
t.test(
  'the same under a real one',
  { skip: old === undefined && 'no Node below 22 on PATH; Debian: apt-get install nodejs' },
  async (t) => {
    const { status, stderr } = spawnSync(old ?? '', [AVIAN, 'repro'], { encoding: 'utf8' });
    t.equal(status, 64);
    t.equal(stderr.split('\n').length, 2, 'one line');
  },
);
