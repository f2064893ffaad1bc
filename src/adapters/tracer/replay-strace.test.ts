import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import type { Accesses } from '../../model/trace.ts';
import { AccessLog } from './access-log.ts';
import { replayStrace } from './replay-strace.ts';

/** What is made of lines in which `/p` stands for the project. */
async function replayed(
  t: Test,
  lines: string,
  prepare?: (root: string) => void,
): Promise<Accesses> {
  const folder = t.testdir({ project: {} });
  const root = join(folder, 'project');
  prepare?.(root);
  const file = join(folder, 'trace');
  writeFileSync(file, lines.replaceAll(/\/p(?=[/>"])/g, root));
  const log = new AccessLog(root);
  await replayStrace(file, root, log);
  return log.accesses();
}

const reads = ({ read }: Accesses): readonly string[] => read.map(({ path }) => path);

t.test('a call in two halves, with another process in between', async (t) => {
  const seen = await replayed(
    t,
    `10 openat(AT_FDCWD</p>, "a.csv", O_RDONLY <unfinished ...>
11 openat(AT_FDCWD</p>, "b.csv", O_RDONLY|O_CLOEXEC) = 3</p/b.csv>
10 <... openat resumed>) = 3</p/a.csv>
11 rename("x", <unfinished ...>
11 <... rename resumed>"y") = 0
`,
  );
  t.same(reads(seen), ['a.csv', 'b.csv', 'x']);
  t.same(seen.written, ['y']);
});

t.test('names with every sign that strace escapes', async (t) => {
  const seen = await replayed(
    t,
    String.raw`10 openat(AT_FDCWD</p/\74d\76>, "a, \"b\") = 3\n", O_RDONLY) = 3</p/\74d\76/a, "b") = 3\n>
10 openat(AT_FDCWD</p>, "\303\251t\303\251\0601", O_RDONLY) = 3</p/\303\251t\303\251\0601>
10 openat(AT_FDCWD</p>, "\377", O_RDONLY) = 3</p/\377>
`,
  );
  t.same(reads(seen), ['<d>/a, "b") = 3\n', 'été01'], 'what is no UTF-8 cannot be declared');
});

t.test('what failed, is cut short or unknown counts for nothing', async (t) => {
  const seen = await replayed(
    t,
    `10 openat(AT_FDCWD</p>, "a", O_RDONLY) = -1 ENOENT (No such file or directory)
10 openat(AT_FDCWD</p>, "b"..., O_RDONLY) = 3</p/b>
10 openat(AT_FDCWD</p>, 0x7ffe, O_RDONLY) = ?
10 openat(AT_FDCWD</p>, "c", O_RDONLY <unfinished ...>
10 +++ killed by SIGKILL +++
10 <... openat resumed>) = 3</p/c>
10 frobnicate("d", {a=[1, 2]}) = 0
10 openat(AT_FDCWD</p>, "e", O_RDO`,
  );
  t.same(seen, { read: [], listed: [], written: [] });
});

t.test('relative paths follow the directory of each process', async (t) => {
  const seen = await replayed(
    t,
    `10 chdir("sub") = 0
11 unlink("../made") = 0
11 rename("a", "/p/top") = 0
10 vfork() = 11
11 +++ exited with 0 +++
10 fchdir(4</p/other>) = 0
10 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD}, 88) = 12
12 chdir("deep") = 0
10 truncate("by-leader", 0) = 0
13 truncate("by-child", 0) = 0
10 clone(child_stack=NULL, flags=SIGCHLD) = 13
13 +++ exited with 0 +++
10 chdir("/p") = 0
10 fork() = 13
13 truncate("again", 0) = 0
`,
  );
  t.same(reads(seen), ['sub/a']);
  t.same(seen.written, ['again', 'other/deep/by-child', 'other/deep/by-leader', 'top']);
});

t.test('how a file is opened says whether it is an input', async (t) => {
  const open = (name: string, flags: string): string =>
    `10 openat(AT_FDCWD</p>, "${name}", ${flags}, 0666) = 3</p/${name}>\n`;
  const seen = await replayed(
    t,
    [
      open('read', 'O_RDONLY'),
      open('append', 'O_WRONLY|O_CREAT|O_APPEND'),
      open('update', 'O_RDWR'),
      open('database', 'O_RDWR|O_CREAT|O_NOFOLLOW'),
      open('fresh', 'O_RDWR|O_TRUNC'),
      open('handle', 'O_RDONLY|O_PATH'),
      open('folder', 'O_RDONLY|O_DIRECTORY'),
      open('.', 'O_WRONLY|O_TMPFILE'),
      `10 openat2(AT_FDCWD</p>, "two", {flags=O_RDONLY, resolve=0}, 24) = 3</p/two>\n`,
      `10 creat("made", 0666) = 3</p/made>\n`,
      `10 execve("/p/program", ["program"], 0x7f /* 3 vars */) = 0\n`,
      `10 execveat(5</p/bin/tool>, "", [], 0x7f, AT_EMPTY_PATH) = 0\n`,
      `10 getdents64(3</p/folder>, 0x7f /* 3 entries */, 32768) = 80\n`,
      `10 openat(AT_FDCWD</p>, "/dev/null", O_WRONLY) = 3</dev/null>\n`,
    ].join(''),
  );
  t.same(reads(seen), ['bin/tool', 'program', 'read', 'two', 'update']);
  t.same(seen.written, ['append', 'database', 'fresh', 'made', 'update']);
  t.same(seen.listed, ['folder']);
});

t.test('what a stage makes itself is no input, whatever it is called in the end', async (t) => {
  const seen = await replayed(
    t,
    `10 mkdir("work", 0777) = 0
10 openat(AT_FDCWD</p>, "work/a", O_WRONLY|O_CREAT) = 3</p/work/a>
10 openat(AT_FDCWD</p>, "work/b", O_WRONLY|O_CREAT) = 3</p/work/b>
10 openat(AT_FDCWD</p>, "work/a", O_RDONLY) = 3</p/work/a>
10 rename("work", "out") = 0
10 openat(AT_FDCWD</p>, "out/b", O_RDONLY) = 3</p/out/b>
10 getdents64(3</p/out>, 0x7f, 32768) = 80
10 unlink("out/b") = 0
10 rename("there-before", "out/c") = 0
10 renameat2(3</p/out>, "a", AT_FDCWD</p>, "d", 0) = 0
10 mkdir("empty", 0777) = 0
10 rename("empty", "still-empty") = 0
10 linkat(AT_FDCWD</p>, "raw", AT_FDCWD</p>, "copy", 0) = 0
10 symlinkat("d", AT_FDCWD</p>, "soft") = 0
10 mkdirat(AT_FDCWD</p>, "trash", 0777) = 0
10 creat("trash/x", 0666) = 3</p/trash/x>
10 unlinkat(AT_FDCWD</p>, "trash/x", 0) = 0
10 unlinkat(AT_FDCWD</p>, "trash", AT_REMOVEDIR) = 0
`,
    (root) => mkdirSync(join(root, 'still-empty')),
  );
  t.same(reads(seen), ['raw', 'there-before']);
  t.same(seen.written, ['copy', 'd', 'out/c', 'soft']);
  t.same(seen.listed, []);
});

t.test('packages, caches and what lies outside are nobody’s inputs', async (t) => {
  const paths = [
    ...['node_modules/x/index.js', 'sub/node_modules/y.js', '.git/HEAD', '__pycache__/a.pyc'],
    ...['cache/v1/tmp/scratch/p.json', 'pipeline.yaml', 'pipeline.lock', 'package.json'],
    ...['env/pyvenv.cfg', 'env/lib/z.py', '../elsewhere', 'environment.py'],
  ];
  const lines = paths.map((path) => `10 openat(AT_FDCWD</p>, "${path}", O_RDONLY) = 3</p/${path}>`);
  t.same(reads(await replayed(t, lines.join('\n'))), ['environment.py']);
});

t.test('symbolic links: both names are kept, or the one that lies inside', async (t) => {
  const seen = await replayed(
    t,
    `10 openat(AT_FDCWD</p>, "link", O_RDONLY) = 3</p/data/real>
10 openat(AT_FDCWD</p>, "outward", O_RDONLY) = 3</mnt/photos/a>
10 openat(AT_FDCWD</mnt>, "inward", O_RDONLY) = 3</p/data/other>
10 openat(AT_FDCWD</mnt>, "elsewhere", O_RDONLY) = 3</mnt/elsewhere>
10 openat(AT_FDCWD</p>, "to-folder", O_RDONLY) = 3</p/data>
`,
    (root) => {
      mkdirSync(join(root, 'data'));
      symlinkSync('data', join(root, 'to-folder'));
    },
  );
  t.same(seen.read, [
    { path: 'data/other' },
    { path: 'link', real: 'data/real' },
    { path: 'outward' },
  ]);
});

t.test('whatever is cut or mixed up, there is an answer', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e6);
  t.comment(`seed ${seed}`);
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % limit;
  };
  const whole = `10 openat(AT_FDCWD</p/\\74d\\76>, "a \\"b\\"", O_RDONLY <unfinished ...>
11 rename("x", "y") = 0
10 <... openat resumed>) = 3</p/a>
10 clone3({flags=CLONE_VM|CLONE_FS}, 88) = 12
12 chdir("sub") = 0
12 +++ exited with 0 +++\n`;
  for (let round = 0; round < 200; round += 1) {
    const from = below(whole.length);
    const to = from + below(20);
    const stray = '<>"\\(){}[],=\n'.charAt(below(13));
    const lines = whole.slice(0, from) + stray + whole.slice(to);
    await replayed(t, lines).catch((error: unknown) => {
      t.fail(`${String(error)}: ${JSON.stringify(lines)}`);
    });
  }
  t.pass('200 damaged traces');
});
