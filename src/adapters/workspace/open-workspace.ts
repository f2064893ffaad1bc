import * as fs from 'node:fs';
import type { TransferObjects } from '../../ports/transfer-objects.ts';
import type { Workspace, WorkspaceOptions } from '../../ports/workspace.ts';
import { discardAside, openAttempts, putBack, recoverAsides, setAside } from './aside.ts';
import { openBootMark, readBootId } from './boot.ts';
import { checkpointDirectory, clearCheckpoint } from './checkpoints.ts';
import { compareArtifacts } from './compare.ts';
import { digestPath, refuseRoot } from './digest-path.ts';
import { recoverDiscarded } from './discard.ts';
import { openDisk, type Step } from './disk.ts';
import { openDurability } from './durability.ts';
import { entryOf } from './entry-of.ts';
import { attempt as attempting, isErrno } from './failure.ts';
import { openFileClock } from './file-clock.ts';
import { openFileRunner } from './file-runner.ts';
import { openIgnoreFiles } from './ignores.ts';
import { layoutOf } from './layout.ts';
import { openTransferObjects } from './transfer-objects.ts';
import { openObjects } from './objects.ts';
import { discardHeld, movePath } from './rearrange.ts';
import { canLieAt } from './restore-plan.ts';
import { recoverRestores, restorePath } from './restore.ts';
import { openSpareFiles } from './spare-files.ts';
import { openStatCache } from './stat-cache.ts';
import type { Tools } from './tools.ts';
import { openWholeTrees } from './whole-trees.ts';
import { openWorkerPool } from './worker-pool.ts';

export interface OpenOptions extends WorkspaceOptions {
  /** The worker threads' program, where it does not lie beside this module (or its bundle). */
  readonly workerProgram?: URL;
  /** For tests: called before every change to the disk. */
  readonly step?: Step;
  /** For tests: names the boot of this machine. */
  readonly bootId?: string;
}

export interface OpenWorkspace extends Workspace {
  /** The cache's objects, for transfers. */
  readonly objects: TransferObjects;
  /** Ends threads and databases. Call after the last `sync`. */
  close(): Promise<void>;
}

const LARGEST_TEXT = 16 * 1024 * 1024;

/** The real files and the cache beside them; opens nothing until it is needed. */
export function openWorkspace(options: OpenOptions): OpenWorkspace {
  const { root } = options;
  const layout = layoutOf(root, options.cache);
  const disk = openDisk(options.step);
  const bootId = options.bootId ?? readBootId();
  const durability = openDurability(layout, disk, bootId);
  const tools: Tools = {
    layout,
    disk,
    durability,
    clock: openFileClock(layout.clock, disk),
    stats: openStatCache(
      layout.statCache,
      openBootMark(layout.statBoot, disk, bootId),
      (diagnostic) => options.emit({ type: 'diagnostic', diagnostic }),
    ),
    ignores: openIgnoreFiles(root),
    objects: openObjects(layout, disk, durability),
    files: openFileRunner(disk, openWorkerPool(options.workerProgram)),
    spares: openSpareFiles(layout.tmpObjects, disk),
    wholeTrees: openWholeTrees(layout, disk, bootId),
    emit: options.emit,
  };

  return {
    objects: openTransferObjects(tools),

    digest: (path) => attempting(root, path, () => digestPath(tools, path, 'digest')),

    commit: (path) =>
      attempting(root, path, () => {
        refuseRoot(path);
        return digestPath(tools, path, 'commit');
      }),

    restore: (path, artifact, link) =>
      attempting(root, path, () => restorePath(tools, path, artifact, link)),

    holds: async (artifact, at) =>
      tools.objects.holds(artifact) && (at === undefined || canLieAt(tools, artifact, at)),

    compare: (before, after, limit) => compareArtifacts(tools, before, after, limit),

    entryOf: async (tree, below) => entryOf(tools.objects, tree, below),

    discard: (path, held) => attempting(root, path, () => discardHeld(tools, path, held)),

    move: (from, to) => attempting(root, from, async () => movePath(tools, from, to)),

    readText: (path) => Promise.resolve(readText(`${root}/${path}`)),

    setAside: (attempt, stage, outs) =>
      attempting(root, outs[0]?.path ?? '.', async () => {
        for (const { path } of outs) refuseRoot(path);
        setAside(tools, attempt, stage, outs);
      }),
    discardAside: async (attempt) => discardAside(tools, attempt),
    putBack: async (attempt) => putBack(tools, attempt),

    async recover() {
      recoverRestores(tools);
      const interrupted = recoverAsides(tools);
      recoverDiscarded(tools);
      // No live writer: the caller holds the project's lock.
      tools.disk.remove(layout.tmpObjects);
      await durability.settleKilled();
      return interrupted;
    },

    interruptions: () => Promise.resolve(openAttempts(tools)),

    checkpointDirectory: async (stage, key) => checkpointDirectory(tools, stage, key),
    clearCheckpoint: async (stage) => clearCheckpoint(tools, stage),
    sync: () => durability.barrier(),
    syncLater: async () => durability.leave(),

    async close() {
      await tools.files.close();
      tools.spares.close();
      tools.wholeTrees.close();
      tools.stats.close();
      durability.close();
    },
  };
}

function readText(path: string): string | undefined {
  try {
    const { size } = fs.statSync(path);
    if (size > LARGEST_TEXT) throw new Error(`${path} is larger than 16 MiB`);
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
