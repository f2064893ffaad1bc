import { fromRef, type ArtifactRef } from '../../model/artifact.ts';
import type { RepoPath } from '../../model/names.ts';
import { DEEPEST, type TreeSummary } from '../../model/tree.ts';
import { fail } from './failure.ts';
import { hexOf } from './layout.ts';
import type { Objects } from './objects.ts';
import {
  column,
  COLUMNS,
  isDirectoryMode,
  MODE,
  pathsOf,
  SIZE,
  SnapshotBuilder,
} from './snapshot.ts';
import type { Tools } from './tools.ts';

const DIRECTORY = 0o040755;
const FILE = 0o100644;
const EXECUTABLE = 0o100755;
const LINK = 0o120777;

/** Directories cost a hostile tree nothing: they are not among the files that its reference counts. */
const MOST_ENTRIES = 50_000_000;

export interface RestorePlan {
  /** Everything to be made, with its digests; times are yet to come. */
  readonly snapshot: SnapshotBuilder;
  readonly targets: ReadonlyMap<number, string>;
}

/**
 * False when ignore files above `at` would leave out some of the artifact: put back there, it would
 * be digested as something else and be put back again for ever.
 */
export function canLieAt(
  { layout, ignores, objects }: Pick<Tools, 'layout' | 'ignores' | 'objects'>,
  artifact: ArtifactRef,
  at: RepoPath,
): boolean {
  const rules = ignores.above(at);
  if (rules.isEmpty) return true;
  const { snapshot } = planRestore(objects, artifact, at);
  return pathsOf(snapshot, `${layout.root}/${at}`).every(
    (path, index) => !rules.excludes(path, isDirectoryMode(column(snapshot, index, MODE))),
  );
}

/** Reads an artifact's trees, every node checked. `path` is for messages. Throws WorkspaceFailure. */
export function planRestore(objects: Objects, artifact: ArtifactRef, path: string): RestorePlan {
  const snapshot = new SnapshotBuilder();
  const targets = new Map<number, string>();
  const addFile = (
    name: string,
    file: { digest: ArtifactRef['digest']; size: number },
    mode: number,
  ) => {
    const index = snapshot.plan(name, mode, file.size);
    snapshot.digests.write(hexOf(file.digest), index * 32, 'hex');
  };
  const addDirectory = (name: string, directory: TreeSummary, own: string, depth: number): void => {
    if (depth >= DEEPEST) {
      fail({ kind: 'refused', path: own, cause: `it lies more than ${DEEPEST} directories deep` });
    }
    const index = snapshot.plan(name, DIRECTORY, 0);
    if (index > MOST_ENTRIES) {
      fail({ kind: 'refused', path: own, cause: `it has more than ${MOST_ENTRIES} entries` });
    }
    for (const entry of objects.readDirectory(directory, own, depth)) {
      if (entry.kind === 'directory') {
        addDirectory(entry.name, entry, `${own}/${entry.name}`, depth + 1);
      } else if (entry.kind === 'link') {
        targets.set(snapshot.plan(entry.name, LINK, 0), entry.target);
      } else addFile(entry.name, entry, entry.executable ? EXECUTABLE : FILE);
    }
    snapshot.stats[index * COLUMNS + SIZE] = snapshot.count - index;
  };
  const whole = fromRef(artifact);
  if (whole.kind === 'tree') addDirectory('', whole, path, 0);
  else addFile('', whole, whole.executable ? EXECUTABLE : FILE);
  return { snapshot, targets };
}
