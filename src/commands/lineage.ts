import { problem, type Problem } from '../model/diagnostic.ts';
import { toRef, type ArtifactRef } from '../model/artifact.ts';
import { contains, parseRepoPath, type Digest, type RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Run } from '../model/run.ts';
import type { LineageNode, LineageView } from '../model/views.ts';
import type { CommandContext } from './context.ts';

export interface LineageOptions {
  /** A path, the start of a run's id, or a digest (`b3:…`, or at least six of its hex digits). */
  readonly subject: string;
  readonly direction: 'up' | 'down';
  /** The subject is a deployed revision, or the URL (of an answer) at which one serves. */
  readonly live?: boolean;
}

type Runs = CommandContext['ports']['runs'];

/** `avian lineage`: where content came from, or what was made of it. */
export async function lineage(
  { subject, direction, live }: LineageOptions,
  { ports }: Pick<CommandContext, 'ports'>,
): Promise<Result<LineageView, Problem>> {
  if (live === true) return liveLineage(subject, ports.runs);
  const root = await resolve(subject, ports);
  if (root === undefined) {
    const hint = 'give a path below an out, a run id or a digest';
    return err(problem('usage', 'lineage/unknown', `nothing is known of \`${subject}\``, hint));
  }
  const walk = createWalk(direction, ports.runs);
  return ok({
    direction,
    root: root.kind === 'run' ? await walk.run(root.run) : await walk.artifact(root.path, root.ref),
  });
}

/** From who answers, over the image, to data and commit; from the records alone, so it works offline. */
async function liveLineage(subject: string, runs: Runs): Promise<Result<LineageView, Problem>> {
  const deployments = await runs.deployments();
  const deployment = findLive(subject, deployments);
  if (deployment === undefined) {
    const known = [...new Set(deployments.map(({ revision }) => revision))].slice(0, MOST_NAMED);
    const hint =
      known.length === 0
        ? 'nothing was deployed from this project'
        : `give a URL or a revision, such as ${known.join(', ')}`;
    return err(
      problem('usage', 'lineage/not-deployed', `no record says what serves \`${subject}\``, hint),
    );
  }
  const { artifact } = deployment;
  const image = artifact === undefined ? undefined : await byDigest(artifact, runs);
  const walk = createWalk('up', runs);
  const links = image?.kind === 'artifact' ? [await walk.artifact(image.path, image.ref)] : [];
  return ok({ direction: 'up', root: { kind: 'deployment', deployment, links } });
}

const MOST_NAMED = 5;

/**
 * A revision by name, else the newest one that got all the requests of a URL's host. A URL with a tag,
 * `https://candidate---birds-….run.app`, leads to what was deployed without all of them.
 */
function findLive(subject: string, deployments: readonly Deployment[]): Deployment | undefined {
  const named = deployments.find(({ revision }) => revision === subject);
  if (named !== undefined) return named;
  const host = hostOf(subject);
  if (host === undefined) return undefined;
  const tagged = host.includes('---');
  const there = deployments.filter(
    ({ url }) => hostOf(url) === (tagged ? host.slice(host.indexOf('---') + 3) : host),
  );
  return there.find(({ traffic }) => (traffic !== undefined) === tagged) ?? there[0];
}

const hostOf = (url: string): string | undefined =>
  URL.canParse(url) ? new URL(url).host : undefined;

type Subject =
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'artifact'; readonly path: RepoPath; readonly ref: ArtifactRef };

async function resolve(
  subject: string,
  ports: CommandContext['ports'],
): Promise<Subject | undefined> {
  const path = parseRepoPath(subject);
  const here = path === undefined ? undefined : await inWorkspace(path, ports);
  if (here !== undefined) return here;
  if (!/^(b3:)?[0-9a-f]{6,64}$/.test(subject)) return undefined;
  const [run] = await ports.runs.lookUp(subject);
  if (run !== undefined) return { kind: 'run', run };
  return byDigest(subject.startsWith('b3:') ? subject : `b3:${subject}`, ports.runs);
}

/** A path: its own content where that is known to a run, else the out it lies in. */
async function inWorkspace(
  path: RepoPath,
  { workspace, runs, lock }: CommandContext['ports'],
): Promise<Subject | undefined> {
  const digested = await workspace.digest(path);
  if (digested.ok && digested.value !== undefined) {
    const { digest } = digested.value;
    const known = (await runs.producersOf(digest)).length + (await runs.consumersOf(digest)).length;
    if (known > 0) return { kind: 'artifact', path, ref: toRef(digested.value) };
  }
  const locked = await lock.read();
  if (locked.ok) {
    for (const { outs } of Object.values(locked.value.stages)) {
      for (const [out, ref] of Object.entries(outs)) {
        if (contains(out as RepoPath, path)) {
          return { kind: 'artifact', path: out as RepoPath, ref };
        }
      }
    }
  }
  const [producer] = await runs.producersAt(path);
  const ref = producer?.outs[path];
  return ref === undefined ? undefined : { kind: 'artifact', path, ref };
}

async function byDigest(text: string, runs: Runs): Promise<Subject | undefined> {
  const digest = text as Digest;
  for (const run of await runs.producersOf(digest)) {
    for (const [path, ref] of Object.entries(run.outs)) {
      if (ref.digest === digest) return { kind: 'artifact', path: path as RepoPath, ref };
    }
  }
  for (const run of await runs.consumersOf(digest)) {
    const dep = run.input.deps.find((input) => input.digest === digest);
    if (dep !== undefined) {
      return { kind: 'artifact', path: dep.path, ref: { digest, size: 0 } };
    }
  }
  return undefined;
}

/** Unrolls the graph into a tree; what was shown before is marked, so that a diamond stays small. */
function createWalk(direction: 'up' | 'down', runs: Runs) {
  const seen = new Set<string>();

  const artifact = async (
    path: RepoPath,
    ref: Partial<ArtifactRef> & Pick<ArtifactRef, 'digest'>,
  ): Promise<LineageNode> => {
    const node = {
      kind: 'artifact' as const,
      path,
      digest: ref.digest,
      ...(ref.size !== undefined && ref.size > 0 && { size: ref.size }),
      ...(ref.files !== undefined && { files: ref.files }),
    };
    const key = `${path}\0${ref.digest}`;
    if (seen.has(key)) return { ...node, links: [], repeated: true };
    seen.add(key);
    return {
      ...node,
      links: direction === 'up' ? await above(path, ref.digest) : await below(ref.digest),
    };
  };
  const above = async (path: RepoPath, digest: Digest): Promise<LineageNode[]> => {
    const producers = await runs.producersOf(digest);
    // The newest run that wrote it here; the same bytes elsewhere are another story.
    const producer = producers.find((run) => run.outs[path]?.digest === digest) ?? producers[0];
    return producer === undefined ? [] : [await run(producer)];
  };
  const below = async (digest: Digest): Promise<LineageNode[]> => {
    const links: LineageNode[] = [];
    for (const consumer of await runs.consumersOf(digest)) links.push(await run(consumer));
    for (const deployment of await runs.deployments()) {
      if (deployment.artifact === digest) links.push({ kind: 'deployment', deployment, links: [] });
    }
    return links;
  };
  const run = async (shown: Run): Promise<LineageNode> => {
    if (seen.has(shown.id)) return { kind: 'run', run: shown, links: [], repeated: true };
    seen.add(shown.id);
    const links: LineageNode[] = [];
    if (direction === 'up') {
      for (const { path, digest } of shown.input.deps) links.push(await artifact(path, { digest }));
    } else {
      for (const [path, ref] of Object.entries(shown.outs)) {
        links.push(await artifact(path as RepoPath, ref));
      }
    }
    return { kind: 'run', run: shown, links };
  };
  return { artifact, run };
}
