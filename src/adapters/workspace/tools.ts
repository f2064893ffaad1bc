import type { Emit } from '../../model/event.ts';
import type { Disk } from './disk.ts';
import type { Durability } from './durability.ts';
import type { FileClock } from './file-clock.ts';
import type { FileRunner } from './file-runner.ts';
import type { IgnoreFiles } from './ignores.ts';
import type { Layout } from './layout.ts';
import type { Objects } from './objects.ts';
import type { SpareFiles } from './spare-files.ts';
import type { StatCache } from './stat-cache.ts';
import type { WholeTrees } from './whole-trees.ts';

/** What the workspace's verbs work with. Each takes a `Pick`. */
export interface Tools {
  readonly layout: Layout;
  readonly disk: Disk;
  readonly clock: FileClock;
  readonly stats: StatCache;
  readonly ignores: IgnoreFiles;
  readonly objects: Objects;
  readonly durability: Durability;
  readonly files: FileRunner;
  readonly spares: SpareFiles;
  readonly wholeTrees: WholeTrees;
  readonly emit: Emit;
}
