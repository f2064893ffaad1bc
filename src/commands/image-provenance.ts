import { relative, resolve } from 'node:path';
import type { Digest, RepoPath } from '../model/names.ts';
import { parseRepoPath } from '../model/names.ts';
import type { Run } from '../model/run.ts';
import type { Environment } from '../ports/environment.ts';
import type { ProjectFiles } from '../ports/project-files.ts';
import type { RunLog } from '../ports/run-log.ts';
import type { Workspace } from '../ports/workspace.ts';

/** What of a project tells where an image comes from. */
export interface ProvenancePorts {
  readonly workspace: Pick<Workspace, 'digest'>;
  readonly runs: Pick<RunLog, 'producersAt'>;
  readonly environment: Pick<Environment, 'root' | 'git'>;
  readonly files: Pick<ProjectFiles, 'read'>;
  /** BLAKE3 of UTF-8 text, 64 hex digits. */
  readonly hash: (text: string) => string;
}

/**
 * Labels that lead from an image back to what it was made of:
 *
 * ```
 * org.opencontainers.image.revision   the git commit; dev.avian.dirty=true where files differ from it
 * dev.avian.pipeline                  BLAKE3 of pipeline.yaml
 * dev.avian.model-digest              of the model as avian digests it, for `avian lineage`
 * dev.avian.run                       the run that made the model
 * ```
 *
 * What is not known is left out. `model` is absolute.
 */
export async function provenanceLabels(
  model: string | undefined,
  ports: ProvenancePorts,
): Promise<readonly (readonly [name: string, value: string])[]> {
  const git = await ports.environment.git();
  const pipeline = ports.files.read('pipeline.yaml');
  const path = model === undefined ? undefined : inProject(model, ports.environment.root);
  const digest = path === undefined ? undefined : await digestOf(path, ports.workspace);
  const run = path === undefined ? undefined : await makerOf(path, ports);
  const labels: readonly (readonly [string, string | undefined])[] = [
    ['org.opencontainers.image.revision', git?.commit],
    ['dev.avian.dirty', git?.dirty === true ? 'true' : undefined],
    ['dev.avian.pipeline', pipeline === undefined ? undefined : `b3:${ports.hash(pipeline)}`],
    ['dev.avian.model-digest', digest],
    ['dev.avian.run', run?.id],
  ];
  return labels.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

const inProject = (path: string, root: string): RepoPath | undefined =>
  parseRepoPath(relative(root, resolve(root, path)));

async function digestOf(
  path: RepoPath,
  workspace: ProvenancePorts['workspace'],
): Promise<Digest | undefined> {
  const digested = await workspace.digest(path);
  return digested.ok ? digested.value?.digest : undefined;
}

/**
 * The run behind what lies at `path`, which may be inside its out. The first that made these bytes, so
 * that making them again gives the same image.
 */
async function makerOf(path: RepoPath, ports: ProvenancePorts): Promise<Run | undefined> {
  const parts = path.split('/');
  for (let length = parts.length; length > 0; length -= 1) {
    const out = parts.slice(0, length).join('/') as RepoPath;
    const runs = await ports.runs.producersAt(out);
    if (runs.length === 0) continue;
    const digest = await digestOf(out, ports.workspace);
    return runs.findLast((run) => run.outs[out]?.digest === digest);
  }
  return undefined;
}
