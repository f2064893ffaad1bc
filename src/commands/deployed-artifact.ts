import { join, relative } from 'node:path';
import { fromRef } from '../model/artifact.ts';
import { pinnedIn } from '../model/lock.ts';
import { parseRepoPath, type Digest } from '../model/names.ts';
import type { Environment } from '../ports/environment.ts';
import type { ImageStore } from '../ports/image-store.ts';
import type { LockStore } from '../ports/lock-store.ts';
import type { RunLog } from '../ports/run-log.ts';
import type { Workspace } from '../ports/workspace.ts';

/*
 * What ties a deployment to the run that built its image: the digest of the image's folder as an avian
 * artifact, which lineage knows as an out.
 */

export interface ArtifactPorts {
  readonly environment: Pick<Environment, 'root'>;
  readonly images: Pick<ImageStore, 'read'>;
  readonly lock: Pick<LockStore, 'read'>;
  readonly runs: Pick<RunLog, 'deployments'>;
  readonly workspace: Pick<Workspace, 'digest'>;
}

/** Of an image folder, absolute; undefined outside of the project. */
export async function folderArtifact(
  directory: string,
  { environment, workspace }: Pick<ArtifactPorts, 'environment' | 'workspace'>,
): Promise<Digest | undefined> {
  const path = parseRepoPath(relative(environment.root, directory));
  if (path === undefined) return undefined;
  const digest = await workspace.digest(path);
  return digest.ok ? digest.value?.digest : undefined;
}

/**
 * Of an image that was named by its manifest's digest, `sha256:<hex>`: as an earlier deployment of it
 * recorded, else the out of pipeline.lock whose layout in the workspace holds it.
 */
export async function referencedArtifact(
  digest: string,
  ports: ArtifactPorts,
): Promise<Digest | undefined> {
  const earlier = (await ports.runs.deployments()).find(
    (each) => each.image === digest && each.artifact !== undefined,
  );
  if (earlier !== undefined) return earlier.artifact;
  const lock = await ports.lock.read();
  for (const { path, ref } of lock.ok ? pinnedIn(lock.value) : []) {
    if (fromRef(ref).kind !== 'tree') continue;
    const directory = join(ports.environment.root, path);
    const layout = await ports.images.read(directory);
    if (layout.ok && layout.value.digest === digest) return folderArtifact(directory, ports);
  }
  return undefined;
}
