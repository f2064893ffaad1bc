import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { binEntry, binLauncher } from './bin-entry.ts';
import { compileSchemas } from './compile-schemas.ts';

/** Programs of the bundle: each becomes `dist/<file name>.js`, so a file name is used once. */
const PROGRAMS = [
  'src/cli/main.ts',
  'src/adapters/workspace/file-worker.ts',
  'src/adapters/deploy-local/supervisor-program.ts',
];

/** Native modules stay in node_modules, where npm put the binary of this machine. */
const EXTERNAL = ['better-sqlite3', '@napi-rs/blake-hash', 'react-devtools-core'];

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
await writeProgram('avian.js', binEntry(manifest.engines.node));
await writeProgram('bin/avian', binLauncher());
// A build that failed above leaves the last good one in place.
await rm(dist, { recursive: true, force: true });
await rename(fresh, dist);

/**
 * Split, so that `avian --help` parses neither SQLite's wrapper nor YAML. Chunks lie flat beside
 * the programs: a program finds another one by `new URL('./name.js', import.meta.url)`, which the
 * plugin below writes where the source says `./name.ts`.
 */
async function bundle(programs: readonly string[]): Promise<void> {
  const names = programs.map((program) => basename(program, '.ts'));
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(programs.map((program, index) => [names[index], program])),
    outdir: fresh,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    external: EXTERNAL,
    // Its CommonJS build, imported dynamically, would come out of a chunk without its named exports.
    alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
    chunkNames: 'chunk-[hash]',
    // CommonJS packages inside the bundle call `require` for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    // Names stay, for the stack of a bug; white space is a third of what would be read at every start.
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
    plugins: [
      {
        name: 'programs-by-url',
        setup(hooks) {
          hooks.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => ({
            contents: readFileSync(path, 'utf8').replace(
              /new URL\(\s*'\.[./\w-]*?([\w-]+)\.ts'/g,
              (found, name: string) => (names.includes(name) ? `new URL('./${name}.js'` : found),
            ),
            loader: 'ts',
          }));
        },
      },
    ],
  });
}

async function writeProgram(name: string, text: string): Promise<void> {
  const path = join(fresh, name);
  await writeFile(path, text);
  await chmod(path, 0o755);
}
