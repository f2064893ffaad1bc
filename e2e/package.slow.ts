import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import t from 'tap';
import { PRETEND_OLD, findOldNode } from './old-node.ts';

/*
 * What people install: the packed tool in an empty folder, far from this repository and without
 * git. `npm run test:package`; a minute or two, most of it npm's. Not part of `npm test`.
 */
const source = join(import.meta.dirname, '..');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'avian-package-')));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const project = join(folder, 'project');
const bin = join(folder, 'bin');
for (const each of [project, bin]) mkdirSync(each);
for (const program of ['node', 'npm', 'npx', 'sh', 'env', 'sort']) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((each) => join(each, program)).find((path) => existsSync(path));
  if (found !== undefined) symlinkSync(found, join(bin, program));
}
// Itself, and not the script of a version manager, which needs more programs.
const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
});
symlinkSync(python.trim(), join(bin, 'python3'));

/** As in a terminal of one's own: nothing of the npm that runs this test, and no git on PATH. */
const env = Object.fromEntries(
  Object.entries({ ...process.env, PATH: bin, NO_COLOR: '1' }).filter(
    ([name]) => !/^(?:npm_|INIT_CWD|NODE_OPTIONS|TAP)/.test(name),
  ),
);

async function run(program: string, words: readonly string[], cwd = project) {
  const options = { cwd, env, extendEnv: false, reject: false, stripFinalNewline: false } as const;
  const { exitCode, stdout, stderr } = await execa(program, words, options);
  return { code: exitCode, stdout, stderr };
}

const avian = (...words: readonly string[]) => run('npx', ['avian', ...words]);

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

// Not under `env`: packing builds, with the tools of this checkout.
const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: source,
    encoding: 'utf8',
  }).replace(/^[^[]*/, ''),
) as [Packed];

t.test('the tarball holds the build, its schemas and nothing else', async (t) => {
  const paths = packed.files.map(({ path }) => path);
  const strays = paths.filter(
    (path) =>
      !/^(?:dist\/|schemas\/[a-z]+\.schema\.json$|(?:README\.md|LICENSE|package\.json)$)/.test(
        path,
      ),
  );
  t.same(strays, []);
  const built = readdirSync(join(source, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('.compile-cache'))
    .map((path) => join('dist', path))
    .filter((path) => statSync(join(source, path)).isFile());
  t.same(paths.filter((path) => path.startsWith('dist/')).sort(), built.sort());
  // The screen with React and Ink, the pages with D3 and Google's client of Cloud Run are in it whole.
  t.ok(packed.unpackedSize < 5e6, `${packed.unpackedSize} bytes`);
  t.comment(`${packed.unpackedSize} bytes unpacked, ${paths.length} files`);
});

t.test('it installs into an empty folder, with nothing that it does not need', async (t) => {
  const installed = await run('npm', [
    ...['install', '--no-audit', '--no-fund', 'node@24', `../${packed.filename}`],
  ]);
  t.equal(installed.code, 0, installed.stderr);
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: { readonly [path: string]: unknown };
  };
  const names = Object.keys(lock.packages).filter((path) => path !== '');
  const packages = names.map((path) => path.split('node_modules/').at(-1)!);
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as {
    dependencies: object;
    devDependencies: object;
  };
  const unwanted = Object.keys(manifest.devDependencies).filter((name) => name !== 'node');
  t.same(
    packages.filter((name) => unwanted.includes(name)),
    [],
    'no tools of development',
  );
  t.same(
    packages.filter((name) => /tensorflow|onnx|^sharp$/.test(name)),
    [],
  );
  for (const name of Object.keys(manifest.dependencies)) t.ok(packages.includes(name), name);
  t.notOk(existsSync(join(project, 'node_modules/avian/src')));
  const ofNode = /^node(?:-bin-setup|-linux|-darwin|-win)?$/;
  const bytes = names
    .filter((path) => !ofNode.test(path.slice('node_modules/'.length)))
    .reduce((sum, path) => sum + sizeOf(join(project, path)), 0);
  t.comment(`${Math.round(bytes / 1e6)} MB in ${packages.length} packages, Node itself left out`);
  // 19 MB of it are Google's client of Cloud Storage, which only a push or pull to gs:// loads.
  t.ok(bytes < 60e6, 'less than 60 MB beside Node');
});

t.test('every file that the programs name is there', async (t) => {
  const dist = join(project, 'node_modules/avian/dist');
  const named = readdirSync(dist)
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => {
      const text = readFileSync(join(dist, name), 'utf8');
      const found = text.matchAll(
        /(?:require\(|new URL\()["'](\.\.?\/[\w./-]+)["'](?:\)|,\s*importMetaUrl)/g,
      );
      return [...found].map(([, path = '']) => join(dist, path));
    });
  const missing = [...new Set(named)].filter((path) => !existsSync(path));
  t.same(missing, []);
  t.ok(named.length > 8, `${named.length} names`);
});

t.test('a project in two languages: init, repro, status', async (t) => {
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as {
    version: string;
  };
  t.equal((await avian('--version')).stdout, `avian ${version}\n`);
  t.equal((await avian('init')).code, 0);
  const begun = readFileSync(join(project, 'pipeline.yaml'), 'utf8');
  const schema = /\$schema=(\S+)/.exec(begun)?.[1] ?? '';
  t.ok(existsSync(join(project, schema)), `${schema} is there for editors`);
  t.equal((await avian('status')).code, 0, 'no stages yet');

  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  };
  write('raw.txt', 'tit\nrobin\n');
  write('count.py', `open('count.json', 'w').write(str(len(open('sorted.txt').readlines())))\n`);
  write('late.mjs', `import { readFileSync } from 'node:fs'; readFileSync('raw.txt');\n`);
  write(
    'pipeline.yaml',
    `${begun.replace('stages: {}\n', '')}stages:
  sort:
    cmd: sort raw.txt > sorted.txt
    deps: [raw.txt]
    outs: [sorted.txt]
  count:
    cmd: python3 count.py
    deps: [count.py, sorted.txt]
    outs: [count.json]
  late:
    cmd: node late.mjs
    deps: [late.mjs]
`,
  );
  const first = await avian('repro', 'count');
  t.equal(first.code, 0, first.stderr);
  t.match(first.stderr, /2 executed/);
  t.equal(readFileSync(join(project, 'count.json'), 'utf8'), '2');
  t.match((await avian('repro', 'count')).stderr, /2 up to date/);
  rmSync(join(project, 'sorted.txt'));
  t.match((await avian('repro', 'count')).stderr, /1 restored/);
  t.equal((await avian('status', '--exit-code', 'count')).code, 0);
  const watched = await avian('repro', '--trace', 'late');
  t.match(
    watched.stderr,
    /trace\/undeclared-read.*raw\.txt/,
    'the module that watches Node is there',
  );
  t.match((await avian('doctor')).stdout, /sqlite/i);
  t.equal((await avian('report', '-o', 'page.html')).code, 0);
  t.match(readFileSync(join(project, 'page.html'), 'utf8'), /aria-label="The graph of stages/);
  t.equal((await avian('nonsense')).code, 64);
});

t.test('under a Node that is too old it says so, with exit 64', async (t) => {
  const program = join(project, 'node_modules/.bin/avian');
  const pretended = await run(process.execPath, [...PRETEND_OLD, program, 'repro']);
  t.match(pretended, { code: 64, stderr: /^avian needs Node 22.*npm i -D node@24`\n$/ });
  const old = findOldNode();
  if (old === undefined) return t.comment('no Node below 22 on PATH: only pretended');
  t.match(await run(old, [program, 'repro']), { code: 64, stderr: /^avian needs Node 22/ });
});

function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
