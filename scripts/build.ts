import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build, transform } from 'esbuild';
import { binEntry, binLauncher } from './bin-entry.ts';
import { SHELLS } from '../src/cli/completion/scripts.ts';
import { bundleScreen } from './bundle-screen.ts';
import { compileSchemas } from './compile-schemas.ts';

/** Programs of the bundle: each becomes `dist/<file name>.js`, so a file name is used once. */
const PROGRAMS = [
  'src/cli/main.ts',
  'src/adapters/workspace/file-worker.ts',
  'src/adapters/deploy-local/supervisor-program.ts',
  'src/adapters/tracer/node-trace-program.ts',
];

/** Native modules stay in node_modules, where npm put the binary of this machine. */
const EXTERNAL = [
  ...['better-sqlite3/package.json', '@napi-rs/blake-hash'],
  // Two hundred files that only a push to Google's own address reads.
  '@google-cloud/storage',
  // Installed by who watches services with it; 17 MB with gRPC.
  '@google-cloud/monitoring',
];

/**
 * How the bundled better-sqlite3 finds its binary. Its own way asks the disk for a compiled one first
 * and for the libc after; here that is done only where the prebuilt one does not load.
 */
const SQLITE_BINDING = `
  const { dirname } = require('node:path');
  let addon;
  exports.getBinding = () => (addon ??= load());
  function load() {
    const folder = dirname(require.resolve('better-sqlite3/package.json'));
    try {
      return require(folder + '/prebuilds/' + process.platform + '-' + process.arch + '.node');
    } catch {
      return require(folder + '/lib/binding.js').getBinding();
    }
  }
`;

/** What a no-op has no use for, each a file of its own, `dist/<name>.js`, where it is imported dynamically. */
const APART: { readonly [name: string]: string } = {
  yaml: 'yaml',
  'modern-tar': 'modern-tar',
  'rare-verbs': 'src/cli/rare-verbs.ts',
  'remote-verbs': 'src/cli/remote-verbs.ts',
  'html-page': 'src/report/page/html-page.ts',
  'tui-verbs': 'src/cli/tui-verbs.ts',
  'load-project': 'src/config/load-project.ts',
  'trace-stage': 'src/engine/trace-stage.ts',
  'open-tracer': 'src/adapters/tracer/open-tracer.ts',
  'open-cloud-run': 'src/adapters/cloud-run/open-cloud-run.ts',
  completion: 'src/cli/verbs/completion.ts',
};

/** Files that are the code of packages, but for some of ours that is a text of few branches. */
const MOSTLY_OTHERS = new Set(['html-page.js', 'yaml.js', 'modern-tar.js', 'open-cloud-run.js']);

/** Node's modules that take a millisecond or more to load, and that a no-op has no use for. */
const LAZY = new Set(
  [
    'child_process',
    'crypto',
    'fs/promises',
    'http',
    'https',
    'net',
    'os',
    'stream',
    'stream/promises',
  ]
    .concat(['timers/promises', 'tty', 'v8', 'worker_threads', 'zlib'])
    .map((name) => `node:${name}`),
);

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const fresh = join(root, 'node_modules/.cache/avian-dist');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  engines: { node: string };
};

await rm(fresh, { recursive: true, force: true });
await mkdir(join(fresh, 'bin'), { recursive: true });
await compileSchemas();
await bundle(PROGRAMS);
await bundleScreen(root, fresh);
for (const shell of SHELLS) {
  await copyFile(join(root, `src/cli/completion/avian.${shell}`), join(fresh, `avian.${shell}`));
}
await writeProgram('avian.js', binEntry(manifest.engines.node));
await writeProgram('bin/avian', binLauncher());
// A build that failed above leaves the last good one in place.
await rm(dist, { recursive: true, force: true });
await rename(fresh, dist);
warmUp();

/**
 * One CommonJS file a program, for the start-up: a no-op of the same code as some 40 split ES modules
 * took 100 ms more CPU time, half of it in resolving and linking them and half in Node's own modules,
 * which a static `import` loads whole. What is imported dynamically is in the file too, but runs
 * only when asked for. A program finds another one by `new URL('./name.js', import.meta.url)`,
 * which the plugin below writes where the source says `./name.ts`.
 */
async function bundle(programs: readonly string[]): Promise<void> {
  const names = programs.map((program) => basename(program, '.ts'));
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries([
      ...programs.map((program, index) => [names[index], program]),
      ...Object.entries(APART),
    ]),
    outdir: fresh,
    write: false,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22.18',
    external: EXTERNAL,
    // A native package is then required at its first use, without starting the loader of ES modules.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: {
      js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;',
    },
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
    plugins: [
      {
        name: 'programs-by-url',
        setup(hooks) {
          hooks.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => ({
            contents: readFileSync(path, 'utf8')
              .replace(/new URL\(\s*'\.[./\w-]*?([\w-]+)\.ts'/g, (found, name: string) =>
                names.includes(name) ? `new URL('./${name}.js'` : found,
              )
              // The bundle is CommonJS and has a `require` already; another one costs 4 ms.
              .replaceAll('requireFrom(import.meta.url)', 'require'),
            loader: 'ts',
          }));
          hooks.onResolve(
            {
              filter:
                /^(?:yaml|modern-tar)$|(?:rare-verbs|remote-verbs|tui-verbs|html-page|load-project|trace-stage|open-tracer|open-cloud-run|completion|tui[\\/]screen)\.ts$/,
            },
            (found) =>
              found.kind === 'entry-point'
                ? undefined
                : { path: `./${basename(found.path, '.ts')}.js`, external: true },
          );
          // Of Google's clients for Cloud Run the two that are used; the others, and a megabyte of
          // static message classes beside the JSON that they are read from, are for programs of one's own.
          hooks.onLoad(
            { filter: /@google-cloud[\\/]run[\\/]build[\\/]src[\\/]index\.js$/ },
            () => ({
              contents: `
              exports.ServicesClient = require('./v2/services_client').ServicesClient;
              exports.RevisionsClient = require('./v2/revisions_client').RevisionsClient;`,
              loader: 'js',
            }),
          );
          hooks.onLoad({ filter: /better-sqlite3[\\/]lib[\\/]binding\.js$/ }, () => ({
            contents: SQLITE_BINDING,
            loader: 'js',
          }));
        },
      },
    ],
  });
  for (const { path, text } of outputFiles) {
    const code = lazyBuiltins(text);
    await writeFile(path, MOSTLY_OTHERS.has(basename(path)) ? await small(code) : code);
  }
  // The package is a package of ES modules; these files are not.
  await writeFile(join(fresh, 'package.json'), '{ "type": "commonjs" }\n');
}

/** Two thirds of the size; names stay where a stack has to be read. */
async function small(text: string): Promise<string> {
  return (await transform(text, { minify: true, format: 'cjs', target: 'node22.18' })).code;
}

/**
 * Has the modules of LAZY loaded at the first use of one of their members, which is how esbuild
 * writes every use. The others lose the copy of all their members that `import * as fs` asks for:
 * it reads each, and `fs.promises` loads streams and readline.
 */
function lazyBuiltins(text: string): string {
  // `globalThis`: a class of ours is called Proxy too.
  return text.replace(
    /\b(?:(import_[\w$]+)=require\("(node:[\w/]+)"\)|([\w$]+)=__toESM\(require\("(node:[\w/]+)"\)(?:,1)?\))/g,
    (_, named = '', namedModule = '', copied = '', copiedModule = '') => {
      const [name, builtin] = [named || copied, namedModule || copiedModule] as [string, string];
      return LAZY.has(builtin)
        ? `${name}=new globalThis.Proxy({},{get:(_,key)=>require("${builtin}")[key]})`
        : `${name}=require("${builtin}")`;
    },
  );
}

/**
 * Runs a project's first `repro` and a no-op, so that V8's code cache beside the programs is there from the
 * start. The no-op comes first to it: the cache holds the functions that its first writer used,
 * and is written once.
 */
function warmUp(): void {
  const project = mkdtempSync(join(tmpdir(), 'avian-build-'));
  try {
    writeFileSync(join(project, 'in'), '');
    writeFileSync(
      join(project, 'pipeline.yaml'),
      'stages:\n  copy:\n    cmd: cp in out\n    deps: [in]\n    outs: [out]\n',
    );
    const repro = (env: NodeJS.ProcessEnv): void => {
      const words = [join(dist, 'avian.js'), 'repro'];
      execFileSync(process.execPath, words, { cwd: project, stdio: 'pipe', env });
    };
    repro({ ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' });
    repro(process.env);
  } finally {
    rmSync(project, { recursive: true });
  }
}

async function writeProgram(name: string, text: string): Promise<void> {
  const path = join(fresh, name);
  await writeFile(path, text);
  await chmod(path, 0o755);
}
