import { fromRef } from '../model/artifact.ts';
import type { Artifact, ArtifactRef, ContentChange, TreeDigest } from '../model/artifact.ts';
import { byCodeUnit, canonicalJson } from '../model/json.ts';
import type { AttemptId, Digest, RepoPath } from '../model/names.ts';
import { err, ok } from '../model/result.ts';
import type { Result } from '../model/result.ts';
import type { Workspace, WorkspaceProblem } from '../ports/workspace.ts';

/** A file's text by its path below an artifact; `''` is the artifact itself when it is one file. */
type Content = ReadonlyMap<string, { readonly text: string; readonly executable: boolean }>;

interface Aside {
  readonly stage: string;
  readonly outs: readonly { readonly path: RepoPath; readonly old: Content }[];
}

/** What the fake workspace shares with the world it belongs to. */
export interface FakeFiles {
  readonly files: Map<string, string>;
  readonly executables: Set<string>;
  readonly digested: string[];
  readonly hash: (text: string) => string;
  /** Notes a call, in order; throws when the test wants this one to fail. */
  readonly note: (call: string) => void;
  readonly now: () => number;
}

/** A workspace and its object cache in memory: directories are implied by prefixes, so none is empty. */
export class FakeWorkspace implements Workspace {
  /** The object cache. Delete an entry to lose an object. */
  readonly objects = new Map<Digest, Content>();
  /** Objects whose bytes went bad: restoring one finds out. */
  readonly corrupted = new Set<Digest>();
  /** What failed attempts left in their outs, by attempt. */
  readonly failed = new Map<AttemptId, ReadonlyMap<string, string>>();
  readonly checkpoints = new Map<string, string>();
  /** Problems to answer with instead of reading, by path. */
  readonly problems = new Map<string, WorkspaceProblem>();
  readonly #aside = new Map<AttemptId, Aside & { readonly at: string }>();
  readonly #world: FakeFiles;

  constructor(world: FakeFiles) {
    this.#world = world;
  }

  async digest(path: RepoPath): Promise<Result<Artifact | undefined, WorkspaceProblem>> {
    this.#world.digested.push(path);
    return this.#read(path);
  }

  async commit(path: RepoPath): Promise<Result<Artifact | undefined, WorkspaceProblem>> {
    this.#world.note(`workspace.commit ${path}`);
    const read = await this.#read(path);
    if (read.ok && read.value !== undefined) {
      this.objects.set(read.value.digest, this.#contentAt(path));
    }
    return read;
  }

  async restore(
    path: RepoPath,
    ref: ArtifactRef,
  ): Promise<Result<{ readonly bytes: number; readonly kept?: string }, WorkspaceProblem>> {
    this.#world.note(`workspace.restore ${path}`);
    const content = this.objects.get(ref.digest);
    const { digest } = ref;
    if (content === undefined) return err({ kind: 'object-missing', digest, path });
    if (this.corrupted.has(digest)) {
      this.objects.delete(digest);
      return err({ kind: 'object-corrupt', digest, path });
    }
    const old = this.#contentAt(path);
    const lost = old.size > 0 && !this.objects.has(this.#address(old).digest);
    this.#remove(path);
    for (const [below, { text, executable }] of content) {
      // The bit of a single file belongs to the reference: equal bytes share one object.
      this.#write(join(path, below), text, below === '' ? ref.executable === true : executable);
    }
    const bytes = sizeOf(content);
    return ok({ bytes, ...(lost && { kept: `cache/v1/tmp/replaced/${path}` }) });
  }

  async holds(artifact: ArtifactRef): Promise<boolean> {
    return this.objects.has(artifact.digest);
  }

  async compare(
    before: ArtifactRef | TreeDigest,
    after: ArtifactRef,
    limit: number,
  ): Promise<readonly ContentChange[] | undefined> {
    const [old, now] = [this.#contentOf(before), this.#contentOf(after)];
    if (old === undefined || now === undefined) return undefined;
    const paths = [...new Set([...old.keys(), ...now.keys()])].sort(byCodeUnit);
    const changes = paths.flatMap((path): ContentChange[] => {
      const [was, is] = [old.get(path), now.get(path)];
      if (was === undefined) return [{ path, kind: 'added' }];
      if (is === undefined) return [{ path, kind: 'removed' }];
      const same = was.text === is.text && was.executable === is.executable;
      return same ? [] : [{ path, kind: 'modified' }];
    });
    return changes.slice(0, limit);
  }

  async entryOf(tree: ArtifactRef, below: string): Promise<Artifact | undefined> {
    const inside = [...(this.objects.get(tree.digest) ?? [])].flatMap(([path, file]) =>
      path === below || path.startsWith(`${below}/`)
        ? [[path.slice(below.length + 1), file] as const]
        : [],
    );
    if (inside.length === 0) return undefined;
    const ref = this.#address(new Map(inside));
    // A real cache has what is inside of a tree as objects of their own.
    this.objects.set(ref.digest, new Map(inside));
    return fromRef(ref);
  }

  async discard(path: RepoPath, held: ArtifactRef): Promise<Result<boolean, WorkspaceProblem>> {
    this.#world.note(`workspace.discard ${path}`);
    const read = await this.#read(path);
    if (!read.ok) return read;
    const isHeld = read.value?.digest === held.digest && this.objects.has(held.digest);
    if (isHeld) this.#remove(path);
    return ok(isHeld);
  }

  async move(from: RepoPath, to: RepoPath): Promise<Result<void, WorkspaceProblem>> {
    this.#world.note(`workspace.move ${from}`);
    if (this.#pathsAt(to).length > 0) {
      return err({ kind: 'refused', path: to, cause: 'something lies there already' });
    }
    const content = this.#contentAt(from);
    if (content.size === 0) return err({ kind: 'io', path: from, cause: 'no such file' });
    this.#remove(from);
    for (const [below, file] of content) this.#write(join(to, below), file.text, file.executable);
    return ok(undefined);
  }

  async readText(path: RepoPath): Promise<string | undefined> {
    return this.#world.files.get(path);
  }

  async setAside(
    attempt: AttemptId,
    stage: string,
    outs: readonly { readonly path: RepoPath; readonly persist: boolean }[],
  ): Promise<Result<void, WorkspaceProblem>> {
    this.#world.note(`workspace.setAside ${stage}`);
    const kept = outs.map(({ path, persist }) => {
      const old = this.#contentAt(path);
      if (!persist) this.#remove(path);
      return { path, old };
    });
    const at = new Date(this.#world.now()).toISOString();
    this.#aside.set(attempt, { stage, outs: kept, at });
    return ok(undefined);
  }

  async discardAside(attempt: AttemptId): Promise<void> {
    this.#world.note(`workspace.discardAside ${this.#take(attempt).stage}`);
  }

  async putBack(attempt: AttemptId): Promise<string | undefined> {
    const { stage, outs } = this.#take(attempt);
    this.#world.note(`workspace.putBack ${stage}`);
    const partial = new Map<string, string>();
    for (const { path, old } of outs) {
      for (const [below, { text }] of this.#contentAt(path)) partial.set(join(path, below), text);
      this.#remove(path);
      for (const [below, file] of old) this.#write(join(path, below), file.text, file.executable);
    }
    if (partial.size === 0) return undefined;
    this.failed.set(attempt, partial);
    return `cache/v1/tmp/failed/${attempt}`;
  }

  async recover(): Promise<readonly { readonly stage: string; readonly at: string }[]> {
    this.#world.note('workspace.recover');
    const open = [...this.#aside];
    for (const [attempt] of open) await this.putBack(attempt);
    return open.map(([, { stage, at }]) => ({ stage, at }));
  }

  async interruptions(): Promise<readonly { readonly stage: string; readonly at: string }[]> {
    return [...this.#aside.values()].map(({ stage, at }) => ({ stage, at }));
  }

  async checkpointDirectory(stage: string, key: string): Promise<string> {
    this.#world.note(`workspace.checkpointDirectory ${stage}`);
    this.checkpoints.set(stage, key);
    return `/project/cache/v1/checkpoints/${stage}`;
  }

  async clearCheckpoint(stage: string): Promise<void> {
    this.#world.note(`workspace.clearCheckpoint ${stage}`);
    this.checkpoints.delete(stage);
  }

  async sync(): Promise<void> {
    this.#world.note('workspace.sync');
  }

  async syncLater(): Promise<void> {
    this.#world.note('workspace.syncLater');
  }

  #take(attempt: AttemptId): Aside {
    const aside = this.#aside.get(attempt);
    if (aside === undefined) throw new Error(`bug: nothing was set aside for ${attempt}`);
    this.#aside.delete(attempt);
    return aside;
  }

  async #read(path: RepoPath): Promise<Result<Artifact | undefined, WorkspaceProblem>> {
    const problem = this.problems.get(path);
    if (problem !== undefined) return err(problem);
    const content = this.#contentAt(path);
    return ok(content.size === 0 ? undefined : fromRef(this.#address(content)));
  }

  /** What a reference names, if it is of the size that the reference says. */
  #contentOf(ref: ArtifactRef | TreeDigest): Content | undefined {
    const found = this.#find('tree' in ref ? ref.tree : ref.digest);
    if (found === undefined) return undefined;
    const { size, files } = this.#address(found);
    const isAsSaid = 'tree' in ref ? files !== undefined : size === ref.size && files === ref.files;
    return isAsSaid ? found : undefined;
  }

  /** An object, or else something in the workspace with that digest. */
  #find(digest: Digest): Content | undefined {
    const held = this.objects.get(digest);
    if (held !== undefined) return held;
    const places = new Set<string>(this.#world.files.keys());
    for (const file of this.#world.files.keys()) {
      for (let at = file.indexOf('/'); at >= 0; at = file.indexOf('/', at + 1)) {
        places.add(file.slice(0, at));
      }
    }
    for (const place of places) {
      const content = this.#contentAt(place);
      if (this.#address(content).digest === digest) return content;
    }
    return undefined;
  }

  #address(content: Content): ArtifactRef {
    const size = sizeOf(content);
    const single = content.get('');
    const text = single === undefined ? canonicalJson([...content]) : single.text;
    const digest = `b3:${this.#world.hash(text)}` as Digest;
    if (single === undefined) return { digest, size, files: content.size };
    return { digest, size, ...(single.executable && { executable: true as const }) };
  }

  #contentAt(path: string): Content {
    const paths = this.#pathsAt(path).sort(byCodeUnit);
    return new Map(
      paths.map((file) => [
        path === '.' ? file : file.slice(path.length + 1),
        { text: this.#world.files.get(file) ?? '', executable: this.#world.executables.has(file) },
      ]),
    );
  }

  #pathsAt(path: string): string[] {
    const all = [...this.#world.files.keys()];
    return all.filter((file) => path === '.' || file === path || file.startsWith(`${path}/`));
  }

  #remove(path: string): void {
    for (const file of this.#pathsAt(path)) {
      this.#world.files.delete(file);
      this.#world.executables.delete(file);
    }
  }

  #write(path: string, text: string, executable: boolean): void {
    this.#world.files.set(path, text);
    if (executable) this.#world.executables.add(path);
    else this.#world.executables.delete(path);
  }
}

const join = (path: string, below: string): string => (below === '' ? path : `${path}/${below}`);

const sizeOf = (content: Content): number =>
  [...content.values()].reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
