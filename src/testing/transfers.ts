import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { hashText } from '../adapters/hash/blake3.ts';
import { openRemoteIndex } from '../adapters/remote-index/remote-index.ts';
import { openRunLog } from '../adapters/run-log/run-log.ts';
import { openWorkspace } from '../adapters/workspace/open-workspace.ts';
import { toRef } from '../model/artifact.ts';
import type { AvianEvent } from '../model/event.ts';
import type { RepoPath } from '../model/names.ts';
import type { Run } from '../model/run.ts';
import type { Bucket } from '../ports/bucket.ts';
import type { Clock } from '../ports/clock.ts';
import type { Workspace } from '../ports/workspace.ts';
import type { Want } from '../transfer/closure.ts';
import { fetch } from '../transfer/fetch.ts';
import type { Limits } from '../transfer/patience.ts';
import { push } from '../transfer/push.ts';
import type { OpenRemote, TransferPorts } from '../transfer/tools.ts';
import { ok } from '../model/result.ts';
import { patternOf } from './contracts/bucket.contract.ts';

/** A machine with a cache, a run log and a memory of one remote, all real. */
export interface Machine {
  readonly root: string;
  readonly ports: TransferPorts & { readonly workspace: Workspace };
  readonly events: AvianEvent[];
  readonly remote: OpenRemote;
  /** Writes files below `path`, commits it and returns what to push. */
  keep(path: string, files: { readonly [name: string]: string | Uint8Array }): Promise<Want>;
  push(
    wants: readonly Want[],
    runs?: readonly Run[],
    signal?: AbortSignal,
  ): ReturnType<typeof push>;
  fetch(wants: readonly Want[], signal?: AbortSignal): ReturnType<typeof fetch>;
  /** Puts what was fetched at its path. */
  restore(want: Want): Promise<boolean>;
  /** Throws the cache's objects away. */
  emptyCache(): void;
  close(): Promise<void>;
}

/** Real time, with sleeps that take a thousandth. */
const hastyClock = (): Clock => ({
  now: () => Date.now(),
  monotonic: () => performance.now() * 1000,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const timer = setTimeout(done, ms / 1000);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done, { once: true });
    }),
});

/** Times a thousand, as the clock is hasty. Long enough for a machine that is busy. */
const LIMITS: Limits = {
  idle: 2_000_000,
  attempts: 5,
  withoutProgress: 20_000_000,
  firstDelay: 5000,
};

export async function createMachine(
  t: Test,
  connect: Bucket | ((sessions: OpenRemote['index']) => Bucket),
  options: { readonly root?: string; readonly limits?: Limits; readonly clock?: Clock } = {},
): Promise<Machine> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'avian-transfer-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const cache = join(root, 'cache/v1');
  const events: AvianEvent[] = [];
  const emit = (event: AvianEvent): void => void events.push(event);
  const workspace = openWorkspace({ root, cache, emit });
  const runs = openRunLog({ cache, hash: hashText, report: () => undefined });
  const index = await openRemoteIndex(join(cache, 'remote.sqlite'), 'test:');
  const clock = options.clock ?? hastyClock();
  const ports: Machine['ports'] = {
    ...{ workspace, runs, clock, emit },
    hash: hashText,
    objects: workspace.objects,
  };
  let nonces = 0;
  const remote: OpenRemote = {
    bucket: typeof connect === 'function' ? connect(index) : connect,
    index,
    limits: options.limits ?? LIMITS,
    random: () => 0,
    nonce: () => hashText(`${root} ${nonces++} ${Math.random()}`).slice(0, 32),
  };
  let isOpen = true;
  const machine: Machine = {
    ...{ root, ports, events, remote },
    async keep(path, files) {
      for (const [name, content] of Object.entries(files)) {
        const file = name === '' ? join(root, path) : join(root, path, name);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
        if (name.endsWith('.sh')) chmodSync(file, 0o755);
      }
      const kept = await workspace.commit(path as RepoPath);
      if (!kept.ok || kept.value === undefined) throw new Error(`${path} cannot be kept`);
      return { path, ref: toRef(kept.value) };
    },
    push: (wants, sent = [], signal = new AbortController().signal) =>
      push(
        { wants, runs: sent, commit: 'c0ffee', by: 'robin@finch', avian: '0.1.0', dry: false },
        remote,
        ports,
        { jobs: 4, signal },
      ),
    fetch: (wants, signal = new AbortController().signal) =>
      fetch(() => Promise.resolve(ok(wants)), remote, ports, { jobs: 4, signal }),
    async restore({ path, ref }) {
      return (await workspace.restore(path as RepoPath, ref)).ok;
    },
    emptyCache: () => rmSync(join(cache, 'objects'), { recursive: true, force: true }),
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await workspace.close();
      await runs.close();
      index.close();
    },
  };
  t.teardown(() => machine.close());
  return machine;
}

/** True when everything that was asked for came. */
export const cameWhole = (result: Awaited<ReturnType<typeof fetch>>): boolean =>
  result.ok && result.value.missing.length === 0;

/** Files that take every way: small ones, one of its own, an empty one, an executable, deep folders. */
export const SAMPLE: { readonly [name: string]: string | Uint8Array } = {
  'a.txt': 'robin\n',
  empty: '',
  'run.sh': '#!/bin/sh\n',
  'deep/er/b.txt': 'wren\n',
  'large.bin': patternOf(1_500_000),
  ...Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`many/${index}.bin`, patternOf(3000, index + 2)]),
  ),
};
