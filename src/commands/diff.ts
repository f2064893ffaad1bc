import { toRef, type ArtifactRef } from '../model/artifact.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { Content, DataChange, DiffView } from '../model/history-views.ts';
import { byCodeUnit } from '../model/json.ts';
import { EMPTY_LOCK, type PipelineLock } from '../model/lock.ts';
import { overlap, parseRepoPath, type RepoPath, type StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { CommandContext } from './context.ts';
import { loadWorkload } from './load-workload.ts';

export interface DiffOptions {
  /** Up to two git revisions; HEAD and the workspace when absent. */
  readonly revisions: readonly string[];
  /** Only changes at, inside or around these paths. */
  readonly targets: readonly string[];
}

type Role = DataChange['role'];
interface Placed {
  readonly role: Role;
  readonly content: Content;
}

/** What a state of the project holds at which path. */
interface State {
  readonly label: string;
  readonly contents: ReadonlyMap<RepoPath, Placed>;
  /** Deps by the stages that read them: whose are known, and whose are not. */
  readonly deps: ReadonlyMap<StageName, ReadonlyMap<RepoPath, Content>>;
  readonly unknown: ReadonlySet<StageName>;
}

/** `avian diff [before] [after]`: content that came, went, changed or moved between two git revisions, or one and the workspace. */
export async function diff(
  options: DiffOptions,
  context: CommandContext,
): Promise<Result<DiffView, Problem>> {
  const [first = 'HEAD', second] = options.revisions;
  const before = await revisionState(first, context);
  if (!before.ok) return before;
  const after = await (second === undefined
    ? workspaceState(context)
    : revisionState(second, context));
  if (!after.ok) return after;
  const targets = options.targets.map((target) => parseRepoPath(target));
  const unclear = options.targets.find((_, index) => targets[index] === undefined);
  if (unclear !== undefined) return err(outside(unclear));
  const isMeant = (path: RepoPath): boolean =>
    targets.length === 0 || targets.some((own) => own !== undefined && overlap(own, path));

  const unknown = new Set([...before.value.unknown, ...after.value.unknown]);
  const [old, now] = [withDeps(before.value, unknown), withDeps(after.value, unknown)];
  const changes = withRenames(differences(old, now)).filter(
    (change) => isMeant(change.path) || (change.kind === 'renamed' && isMeant(change.from)),
  );
  return ok({
    before: before.value.label,
    after: after.value.label,
    changes: await Promise.all(changes.map((change) => withFiles(change, context))),
    unknown: [...unknown].sort(byCodeUnit),
  });
}

/** A revision's lock, and what the runs that it names had read. */
async function revisionState(
  revision: string,
  { ports, revisions }: CommandContext,
): Promise<Result<State, Problem>> {
  const standing = await revisions.standing();
  if (standing.kind !== 'repository') {
    return err(noGit(standing.kind === 'unusable' ? standing.cause : 'this is no git repository'));
  }
  if ((await revisions.commitOf(revision)) === undefined) return err(noRevision(revision));
  const text = await revisions.fileAt(revision, 'pipeline.lock');
  const lock = text === undefined ? ok(EMPTY_LOCK) : ports.lock.parse(text);
  if (!lock.ok) return lock;
  const deps = new Map<StageName, ReadonlyMap<RepoPath, Content>>();
  const unknown = new Set<StageName>();
  for (const [name, { fingerprint }] of Object.entries(lock.value.stages)) {
    const [run] = await ports.runs.find(fingerprint);
    if (run === undefined) unknown.add(name as StageName);
    else
      deps.set(name as StageName, new Map(run.input.deps.map(({ path, ...dep }) => [path, dep])));
  }
  return ok({ label: revision, contents: contentsOf(lock.value), deps, unknown });
}

function contentsOf({ sources, stages }: PipelineLock): Map<RepoPath, Placed> {
  const contents = new Map<RepoPath, Placed>();
  const put = (refs: { readonly [path: string]: ArtifactRef }, role: Role): void => {
    for (const [path, { digest, size, files, executable }] of Object.entries(refs)) {
      const ref = { digest, size, ...(files !== undefined && { files }) };
      const content = executable === true ? { ...ref, executable } : ref;
      contents.set(path as RepoPath, { role, content });
    }
  };
  put(sources, 'source');
  for (const { outs } of Object.values(stages)) put(outs, 'out');
  return contents;
}

/** What lies in the workspace now, at every path that is declared or pinned. */
async function workspaceState(context: CommandContext): Promise<Result<State, Problem>> {
  const { lock: store, workspace } = context.ports;
  const workload = await loadWorkload([], context);
  if (!workload.ok) return workload;
  const lock = await store.read();
  if (!lock.ok) return lock;
  const roles = new Map<RepoPath, Role>();
  for (const [path, { role }] of contentsOf(lock.value)) roles.set(path, role);
  const deps = new Map<StageName, Map<RepoPath, Content>>();
  const digest = async (path: RepoPath): Promise<Content | undefined> => {
    const there = await workspace.digest(path);
    return there.ok && there.value !== undefined ? toRef(there.value) : undefined;
  };
  for (const { name, effect, outs, deps: reads } of workload.value.graph.stages.values()) {
    // What an effect wrote is true of this machine alone; no lock has it.
    if (!effect) for (const { path } of outs) roles.set(path, 'out');
    const found = new Map<RepoPath, Content>();
    for (const path of reads) {
      const content = await digest(path);
      if (content !== undefined) found.set(path, content);
    }
    deps.set(name, found);
  }
  const contents = new Map<RepoPath, Placed>();
  for (const [path, role] of roles) {
    const content = await digest(path);
    if (content !== undefined) contents.set(path, { role, content });
  }
  return ok({ label: 'workspace', contents, deps, unknown: new Set() });
}

/** Deps are told where they are neither outs nor sources; those of a stage unknown on either side are left out. */
function withDeps(
  { contents, deps }: State,
  unknown: ReadonlySet<StageName>,
): ReadonlyMap<RepoPath, Placed> {
  const all = new Map(contents);
  for (const [stage, reads] of deps) {
    if (unknown.has(stage)) continue;
    for (const [path, content] of reads) {
      const isData = [...contents.keys()].some((own) => overlap(own, path));
      if (!isData) all.set(path, { role: 'dep', content });
    }
  }
  return all;
}

function differences(
  before: ReadonlyMap<RepoPath, Placed>,
  after: ReadonlyMap<RepoPath, Placed>,
): readonly DataChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort(byCodeUnit);
  return paths.flatMap((path): DataChange[] => {
    const [old, now] = [before.get(path), after.get(path)];
    if (now === undefined) {
      return old === undefined
        ? []
        : [{ kind: 'deleted', role: old.role, path, before: old.content }];
    }
    const { role, content } = now;
    if (old === undefined) return [{ kind: 'added', role, path, after: content }];
    if (same(old.content, content)) return [];
    return [{ kind: 'modified', role, path, before: old.content, after: content }];
  });
}

const same = (a: Content, b: Content): boolean =>
  a.digest === b.digest && (a.executable === true) === (b.executable === true);

/** What went at one path and came at another with the same content was renamed. */
function withRenames(changes: readonly DataChange[]): readonly DataChange[] {
  const gone = changes.filter((change) => change.kind === 'deleted');
  const taken = new Set<RepoPath>();
  const renamed = changes.map((change): DataChange => {
    if (change.kind !== 'added') return change;
    const from = gone.find(({ path, before }) => !taken.has(path) && same(before, change.after));
    if (from === undefined) return change;
    taken.add(from.path);
    return { ...change, kind: 'renamed', from: from.path };
  });
  return renamed.filter(({ kind, path }) => !(kind === 'deleted' && taken.has(path)));
}

/** Names the files inside a directory that changed. */
async function withFiles(
  change: DataChange,
  { ports: { workspace } }: CommandContext,
): Promise<DataChange> {
  if (change.kind !== 'modified') return change;
  const { before, after } = change;
  if (!isTree(before) || !isTree(after)) return change;
  const files = await workspace.compare(before, after, Infinity);
  return files === undefined ? change : { ...change, files };
}

const isTree = (content: Content): content is Content & ArtifactRef =>
  content.files !== undefined && content.size !== undefined;

const noGit = (cause: string): Problem =>
  problem(
    'usage',
    'diff/no-git',
    `\`avian diff\` compares git revisions, and ${cause}`,
    '`avian status` compares the workspace with pipeline.lock, without git',
  );

const noRevision = (revision: string): Problem =>
  problem(
    'usage',
    'usage/unknown-revision',
    `git knows no commit \`${revision}\``,
    revision === 'HEAD'
      ? 'commit once, then there is something to compare with'
      : 'git log shows revisions',
  );

const outside = (text: string): Problem =>
  problem('usage', 'usage/bad-path', `\`${text}\` is not a path inside the project`);
