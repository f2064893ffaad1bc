/**
 * Times the workspace's verbs against the plain tools that do the same to the disk, side by side:
 *
 *   node bench/workspace/run.ts [--files 10000] [--size 20000] [--rounds 3] [--flat] [--dir /tmp]
 *
 * add      commit to an empty cache        against  cp -r
 * no-op    digest in a new process         against  find -printf, and node -e 0
 * restore  to an empty place               against  cp -r
 *
 * File creation is bimodal on some disks, so each round times both and the ratio is the median of
 * the rounds' ratios.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { openWorkspace } from '../../src/adapters/workspace/open-workspace.ts';
import { toRef } from '../../src/model/artifact.ts';
import { parseRepoPath } from '../../src/model/names.ts';
import { median } from '../measure.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '10000' },
    size: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    flat: { type: 'boolean', default: false },
    dir: { type: 'string', default: tmpdir() },
  },
});
const [files, size, rounds] = [Number(values.files), Number(values.size), Number(values.rounds)];

const root = mkdtempSync(join(values.dir, 'avian-bench-'));
const cache = join(root, 'cache', 'v1');
const data = parseRepoPath('data') ?? never();
const copy = parseRepoPath('copy') ?? never();

try {
  await bundle();
  makeFiles(join(root, 'data'));
  execFileSync('sync');
  const ratios: Record<string, number[]> = { add: [], noop: [], restore: [] };
  for (let round = 0; round < rounds; round++) {
    for (const path of [cache, join(root, 'copy'), join(root, 'plain')]) {
      rmSync(path, { recursive: true, force: true });
    }
    const plainCopy = await timed(() => run('cp', ['-r', `${root}/data`, `${root}/plain`]));
    const open = () => openWorkspace({ root, cache, emit: () => undefined });
    const first = open();
    const committed = await timed(() => first.commit(data));
    if (!committed.value.ok || committed.value.value === undefined) throw new Error('no commit');
    const artifact = toRef(committed.value.value);
    const synced = await timed(() => first.sync());
    await first.close();

    const noop = await timed(() => run(process.execPath, ['-e', noopProgram()]));
    const find = await timed(() => run('find', [`${root}/data`, '-printf', '%p %s %T@ %C@ %i\\n']));
    const node = await timed(() => run(process.execPath, ['-e', '0']));

    rmSync(join(root, 'plain'), { recursive: true, force: true });
    const second = open();
    const restored = await timed(() => second.restore(copy, artifact));
    if (!restored.value.ok) throw new Error(JSON.stringify(restored.value.error));
    const again = await timed(() => second.digest(copy));
    await second.close();
    const plainAgain = await timed(() => run('cp', ['-r', `${root}/data`, `${root}/plain`]));

    ratios['add']?.push(committed.ms / plainCopy.ms);
    ratios['noop']?.push((noop.ms - node.ms) / find.ms);
    ratios['restore']?.push(restored.ms / plainAgain.ms);
    print(
      `round ${round + 1}: add ${show(committed)} (cp -r ${show(plainCopy)}), sync ${show(synced)}; ` +
        `no-op ${show(noop)} (find ${show(find)}, node ${show(node)}); ` +
        `restore ${show(restored)} (cp -r ${show(plainAgain)}), digest after it ${show(again)}`,
    );
  }
  print(
    `${files} files of ${size} B${values.flat ? ', flat' : ''}; medians of ${rounds}: ` +
      `add ${ratio(ratios['add'])} x cp -r, no-op less node's start ${ratio(ratios['noop'])} x find, ` +
      `restore ${ratio(ratios['restore'])} x cp -r`,
  );
} finally {
  rmSync(root, { recursive: true, force: true });
}

function makeFiles(folder: string): void {
  const bytes = Buffer.alloc(size, 7);
  for (let index = 0; index < files; index++) {
    const parent = values.flat ? folder : join(folder, `species-${index % 100}`);
    if (index < 100) mkdirSync(parent, { recursive: true });
    bytes.writeUInt32LE(index, 0);
    writeFileSync(join(parent, `photo-${index}.jpg`), bytes);
  }
}

/** As shipped: one file, so that a process does not pay for stripping types from twenty. */
async function bundle(): Promise<void> {
  await build({
    entryPoints: [source('../../src/adapters/workspace/open-workspace.ts')],
    outfile: join(root, 'workspace.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['better-sqlite3', '@napi-rs/blake-hash'],
    // `require` looks for packages from where the code says it lies.
    define: { 'import.meta.url': JSON.stringify(import.meta.url) },
  });
}

/** A process of its own, as `avian status` is one: it also pays for opening the stat cache. */
function noopProgram(): string {
  const module = join(root, 'workspace.mjs');
  return `const { openWorkspace } = await import(${JSON.stringify(module)});
    const workspace = openWorkspace({ root: ${JSON.stringify(root)}, cache: ${JSON.stringify(cache)}, emit() {} });
    const found = await workspace.digest('data');
    if (!found.ok) throw new Error('no digest');
    await workspace.close();`;
}

function source(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function timed<T>(work: () => T | Promise<T>): Promise<{ ms: number; value: Awaited<T> }> {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

function ratio(numbers: readonly number[] = []): string {
  return median(numbers).toFixed(2);
}

function show({ ms }: { ms: number }): string {
  return `${ms.toFixed(0)} ms`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function never(): never {
  throw new Error('bug: a constant path was refused');
}
