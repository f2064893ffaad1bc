/** Puts the service into a folder that needs nothing but Node: bundled modules, WebAssembly, pages, and native packages. */
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBill } from './bundle-bill.ts';

export interface BundleReport {
  /** Relative paths, sorted by code unit. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly bytes: number;
  /** Over all paths and contents: the same sources and packages give the same digest on any machine of this platform. */
  readonly digest: string;
}

const here = fileURLToPath(new URL('./', import.meta.url));

/** Writes server.js, what it needs, and package.json into `folder`, which is made and should be empty. */
export async function bundleService(folder: string): Promise<BundleReport> {
  // esbuild takes a relative one as relative to the sources.
  const out = resolve(folder);
  await mkdir(out, { recursive: true });
  await bundleModules(out);
  for (const page of ['page.html', 'docs.html']) await copyFile(join(here, page), join(out, page));
  await copyWasm(out);
  for (const name of unbundled) await copyPackages(name, join(out, 'node_modules'));
  const manifest = { name: 'aviansight-service', private: true, type: 'module' };
  await writeFile(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return describe(out);
}

/** Native, or with WebAssembly that their own code finds beside itself. */
const unbundled = ['sharp', 'onnxruntime-node', '@cornerstonejs/codec-libjpeg-turbo-8bit'];

/** What onnxruntime-node needs only to fetch other binaries while it is installed. */
const forInstalling = new Set(['adm-zip', 'global-agent']);

/** Files of packages that no service on this machine reads. */
const otherFiles = [
  new RegExp(`^bin/napi-v6/(?!${process.platform}/${process.arch}/)`), // onnxruntime's for all platforms: 290 MB
  /^dist\/libjpegturbo(?!wasm_decode)/, // the codec's encoder, and it all in plain JavaScript
];

async function bundleModules(out: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: here, // names in the output are relative to it, so no machine's path gets in
    entryPoints: {
      server: 'main.ts',
      'inference-worker': 'inference-worker.ts',
      'decode-worker': 'decode-worker.ts',
    },
    outdir: out,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    // Identifiers stay, so that a stack trace can be read.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'external',
    // The cpu backend is for tests, WebGPU for training.
    external: [
      ...unbundled,
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-backend-webgpu',
      'webgpu',
    ],
    banner: {
      js: "import { createRequire as createRequireForBundle } from 'node:module';const require = createRequireForBundle(import.meta.url);const __filename = import.meta.filename, __dirname = import.meta.dirname;",
    },
    logLevel: 'silent',
    metafile: true,
  });
  await writeBill(join(out, 'bundle.cdx.json'), Object.keys(metafile.inputs), here);
}

/** The two binaries that Node can use; the one with threads is for browsers. */
async function copyWasm(out: string): Promise<void> {
  const folder = join(packageFolder('@tensorflow/tfjs-backend-wasm', here), 'dist');
  for (const name of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm']) {
    await copyFile(join(folder, name), join(out, name));
  }
}

interface PackageManifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

/** Copies a package and all it needs at run time on this platform, flat, as npm would lay it out. */
async function copyPackages(root: string, target: string): Promise<void> {
  const done = new Set<string>();
  const pending = [{ name: root, from: here }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { name, from } = next;
    if (done.has(name)) continue;
    done.add(name);
    const folder = packageFolder(name, from);
    const manifest = await readManifest(folder);
    await copyRuntimeFiles(folder, join(target, name));
    for (const needed of Object.keys(manifest.dependencies ?? {})) {
      if (forInstalling.has(needed)) continue;
      pending.push({ name: needed, from: folder });
    }
    for (const optional of Object.keys(manifest.optionalDependencies ?? {})) {
      if (await fitsThisMachine(optional, folder)) pending.push({ name: optional, from: folder });
    }
  }
}

/** npm installs the optional packages that fit; a second look keeps a foreign one out all the same. */
async function fitsThisMachine(name: string, from: string): Promise<boolean> {
  const folder = findPackage(name, from);
  if (folder === undefined) return false;
  const { os, cpu } = await readManifest(folder);
  return (os?.includes(process.platform) ?? true) && (cpu?.includes(process.arch) ?? true);
}

async function readManifest(folder: string): Promise<PackageManifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as PackageManifest;
}

/** All but sources, types and prose; licences stay. */
async function copyRuntimeFiles(from: string, to: string): Promise<void> {
  for (const path of await listFiles(from)) {
    const isLicence = /(^|\/)(licen[cs]e|notice|third-party)/i.test(path);
    const isExtra = /^(src|install|node_modules)\/|\.(md|d\.[cm]?ts|map|h|hpp|cc|gyp)$/.test(path);
    if (isExtra && !isLicence) continue;
    if (otherFiles.some((pattern) => pattern.test(path))) continue;
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(join(from, path), join(to, path));
  }
}

function packageFolder(name: string, from: string): string {
  const folder = findPackage(name, from);
  if (folder === undefined) throw new Error(`bug: package ${name} is not installed`);
  return folder;
}

/** Where Node would find a package; not through require.resolve, since `exports` may hide package.json. */
function findPackage(name: string, from: string): string | undefined {
  const folders = createRequire(join(from, 'index.js')).resolve.paths(name) ?? [];
  return folders
    .map((folder) => join(folder, name))
    .find((folder) => {
      return existsSync(join(folder, 'package.json'));
    });
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort((a, b) => (a < b ? -1 : 1));
}

async function describe(out: string): Promise<BundleReport> {
  const hash = createHash('sha256');
  const files: { path: string; bytes: number }[] = [];
  for (const path of await listFiles(out)) {
    const content = await readFile(join(out, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
    files.push({ path, bytes: content.length });
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { files, bytes, digest: `sha256:${hash.digest('hex')}` };
}
