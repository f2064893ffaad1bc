import { fromRef, type Artifact, type ArtifactRef } from '../../model/artifact.ts';
import { artifactOf } from '../../model/tree.ts';
import { WorkspaceFailure } from './failure.ts';
import type { Objects } from './objects.ts';

/** What a tree in the cache has at a path; undefined when a node on the way is not at hand, or there is no such entry. */
export function entryOf(objects: Objects, tree: ArtifactRef, below: string): Artifact | undefined {
  let here: Artifact = fromRef(tree);
  try {
    for (const [depth, name] of below.split('/').entries()) {
      if (here.kind !== 'tree') return undefined;
      const entries = objects.readDirectory(here, below, depth);
      const entry = entries.find((each) => each.name === name);
      if (entry === undefined || entry.kind === 'link') return undefined;
      here = artifactOf(entry);
    }
    return here;
  } catch (error) {
    if (error instanceof WorkspaceFailure) return undefined;
    throw error;
  }
}
