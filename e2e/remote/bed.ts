import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { patternOf } from '../../src/testing/contracts/bucket.contract.ts';
import { openFaultProxy, type FaultProxy } from '../../src/testing/fault-proxy.ts';
import { findEmulator, INSTALL, openEmulator } from '../../src/testing/gcs-emulator.ts';
import { openResumableGate } from '../../src/testing/resumable-gate.ts';
import { AVIAN } from '../rig.ts';

const emulator = findEmulator();

/** For suites that need the emulator. */
export const needsEmulator =
  emulator === undefined ? { skip: `needs fake-gcs-server: ${INSTALL}` } : {};

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
  /** Between two words on stderr, or before the first or after the last. */
  readonly longestSilenceMs: number;
}

interface RunOptions {
  readonly killAfterMs?: number;
  /** Put before avian, such as `ulimit -n 256`. */
  readonly shell?: string;
}

/** A machine with a clone of the project, which meets the bucket through a proxy of its own. */
export interface Clone {
  readonly root: string;
  readonly proxy: FaultProxy;
  avian(words: string, options?: RunOptions): Promise<Ended>;
}

export interface Stored {
  readonly name: string;
  readonly size: number;
}

/** fake-gcs-server on files, a project with data of every kind, and clones of it. */
export interface Bed {
  readonly folder: string;
  /** A clone with the data and the cache, for a remote of its own that is empty. */
  whole(name: string): Promise<Clone>;
  /** A clone as git makes it: without data, for the remote that a `whole` of this name has pushed to. */
  bare(name: string, of: string, root?: string): Promise<Clone>;
  /** Has a clone push to, and pull from, the remote of this name. */
  join(clone: Clone, of: string): void;
  /** What the bucket has for the remote of this name. */
  stored(name: string): Promise<readonly Stored[]>;
}

const PIPELINE = `stages:
  count:
    cmd: ls data/small | wc -l > count
    deps: [data]
    outs: [count]
`;

/** 9 MB of small files, a pack that takes a session; some alone; one of 12 MB that takes a session. */
function writeData(root: string): void {
  fs.mkdirSync(join(root, 'data/small'), { recursive: true });
  fs.mkdirSync(join(root, 'data/empty folder'));
  for (let index = 0; index < 450; index++) {
    fs.writeFileSync(join(root, `data/small/${index}`), patternOf(20_000, index + 1));
  }
  for (let index = 0; index < 3; index++) {
    fs.writeFileSync(join(root, `data/medium-${index}`), patternOf(1_200_000, 9000 + index));
  }
  fs.writeFileSync(join(root, 'data/large'), patternOf(12_000_000, 9999));
  fs.writeFileSync(join(root, 'data/none'), '');
  fs.writeFileSync(join(root, 'data/run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  fs.symlinkSync('small/1', join(root, 'data/first'));
}

export async function createBed(t: Test): Promise<Bed> {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'avian-remote-')));
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
  const bucket = join(folder, 'bucket');
  fs.mkdirSync(bucket);
  const { endpoint, close } = await openEmulator(emulator ?? '', { folder: bucket });
  t.teardown(close);
  const gate = await openResumableGate(endpoint);
  t.teardown(() => gate.close());

  const template = join(folder, 'template');
  writeData(template);
  fs.writeFileSync(join(template, 'pipeline.yaml'), PIPELINE);
  for (const words of ['add data', 'repro']) {
    const { code, stderr } = await run(template, words);
    if (code !== 0) throw new Error(`avian ${words}: ${stderr}`);
  }

  const connect = ({ root, proxy }: Pick<Clone, 'root' | 'proxy'>, remote: string): void => {
    const url = `gs://birds/${remote}`;
    const text = `${PIPELINE}remotes:\n  lab: { url: "${url}", endpoint: "${proxy.endpoint}" }\n`;
    fs.writeFileSync(join(root, 'pipeline.yaml'), text);
  };
  const clone = async (root: string, remote: string): Promise<Clone> => {
    const proxy = await openFaultProxy(gate.endpoint);
    t.teardown(() => proxy.close());
    connect({ root, proxy }, remote);
    return { root, proxy, avian: (words, options) => run(root, words, options) };
  };
  return {
    folder,
    join: connect,
    async whole(name) {
      const root = join(folder, name);
      fs.rmSync(root, { recursive: true, force: true });
      execFileSync('cp', ['-a', '--reflink=auto', template, root]);
      return clone(root, name);
    },
    async bare(name, of, root = join(folder, name)) {
      fs.rmSync(root, { recursive: true, force: true });
      fs.mkdirSync(root, { recursive: true });
      fs.copyFileSync(join(template, 'pipeline.lock'), join(root, 'pipeline.lock'));
      return clone(root, of);
    },
    async stored(name) {
      const query = new URLSearchParams({ prefix: `${name}/`, maxResults: '10000' });
      const answer = await fetch(`${endpoint}/storage/v1/b/birds/o?${query.toString()}`);
      const { items = [] } = (await answer.json()) as { items?: { name: string; size: string }[] };
      return items.map(({ name: full, size }) => ({ name: full, size: Number(size) }));
    },
  };
}

const TICK_MS = 100;

function run(cwd: string, words: string, { killAfterMs, shell }: RunOptions = {}): Promise<Ended> {
  const begun = performance.now();
  const program = [process.execPath, AVIAN, ...words.split(' ')];
  const [command = '', ...args] =
    shell === undefined ? program : ['sh', '-c', `${shell}; exec "$@"`, 'sh', ...program];
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr, silentMs, longestSilenceMs] = ['', '', 0, 0];
  // Counted in ticks of ours: while this process is busy with something else nobody listens.
  const ticks = setInterval(() => {
    silentMs += TICK_MS;
    longestSilenceMs = Math.max(longestSilenceMs, silentMs);
  }, TICK_MS);
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
    silentMs = 0;
  });
  const timer =
    killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      clearInterval(ticks);
      const ms = performance.now() - begun;
      resolve({ code, signal, stdout, stderr, ms, longestSilenceMs });
    });
  });
}
