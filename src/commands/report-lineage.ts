import type { PipelineLock } from '../model/lock.ts';
import { contains, overlap, type RepoPath, type StageName } from '../model/names.ts';
import type { LineageLink, LinkedArtifact, ReportLineage } from '../model/report-views.ts';
import type { Run } from '../model/run.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Ports } from '../ports/ports.ts';

/** What the runs of a lock made of what, down to the deployments. */
export async function lineageOf(
  lock: PipelineLock,
  runs: ReadonlyMap<StageName, Run>,
  { workspace, runs: log }: Pick<Ports, 'workspace' | 'runs'>,
): Promise<ReportLineage> {
  const sources = Object.entries(lock.sources).map(([path, { digest, size, files }]) => ({
    ...{ path: path as RepoPath, digest, size },
    ...(files !== undefined && { files }),
  }));
  // What an effect wrote is in its run alone.
  const outs = [...runs].flatMap(([stage, run]) =>
    Object.entries(run.outs).map(([path, { digest, size, files }]): LinkedArtifact => ({
      ...{ path: path as RepoPath, digest, size, stage },
      ...(files !== undefined && { files }),
    })),
  );
  const artifacts: readonly LinkedArtifact[] = [...sources, ...outs];
  const links: LineageLink[] = [];
  for (const [to, { input }] of runs) {
    for (const { path, digest } of input.deps) {
      for (const artifact of artifacts) {
        if (!overlap(artifact.path, path)) continue;
        const read = await digestIn(artifact, path, workspace);
        const isOlder = read !== undefined && read !== digest;
        links.push({ from: artifact.path, to, isOlder });
      }
    }
  }
  const made = new Set(artifacts.map(({ digest }) => digest));
  const newest = new Map<string, Deployment>();
  for (const deployment of await log.deployments()) {
    const { name, artifact } = deployment;
    if (artifact !== undefined && made.has(artifact) && !newest.has(name)) {
      newest.set(name, deployment);
    }
  }
  return { artifacts, links, deployments: [...newest.values()] };
}

/** What an artifact has at a path inside it; undefined where that cannot be told. */
async function digestIn(
  { path, digest, size, files }: LinkedArtifact,
  inner: RepoPath,
  workspace: Ports['workspace'],
): Promise<string | undefined> {
  if (path === inner) return digest;
  if (files === undefined || !contains(path, inner)) return undefined;
  return (await workspace.entryOf({ digest, size, files }, inner.slice(path.length + 1)))?.digest;
}
