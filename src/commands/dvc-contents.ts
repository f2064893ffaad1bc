import { toRef, type ArtifactRef } from '../model/artifact.ts';
import { describeWorkspaceProblem } from '../engine/observe.ts';
import type { DvcHash } from '../model/dvc.ts';
import type { Digest, RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { DvcCache, DvcCacheProblem } from '../ports/dvc-cache.ts';
import type { CommandContext } from './context.ts';

/** Contents by DVC's hashes: out of its cache, or from the workspace where the same lies there. */
export class DvcContents {
  readonly #dvc: DvcCache;
  readonly #context: CommandContext;
  /** By path and MD5: an out of one stage is a dep of others. */
  readonly #known = new Map<string, ArtifactRef>();

  constructor(dvc: DvcCache, context: CommandContext) {
    this.#dvc = dvc;
    this.#context = context;
  }

  /** Content that has to be in avian's cache afterwards. */
  async kept(
    path: RepoPath,
    hash: DvcHash,
    executable: boolean,
  ): Promise<Result<ArtifactRef, DvcCacheProblem>> {
    const kept = await this.#keep(path, hash, executable);
    if (kept.ok) this.#known.set(`${path} ${hash.md5}`, kept.value);
    return kept;
  }

  async #keep(
    path: RepoPath,
    hash: DvcHash,
    executable: boolean,
  ): Promise<Result<ArtifactRef, DvcCacheProblem>> {
    const { workspace } = this.#context.ports;
    const converted = await this.#dvc.convert(hash, path);
    const there = await this.#inWorkspace(path);
    if (converted.ok && there?.digest === converted.value.digest) return ok(there);
    // DVC keeps neither empty folders nor executable bits inside a directory: what lies there may
    // be the same to it, and is what a status will look at.
    if (there !== undefined && (await this.#dvc.matches(path, hash))) {
      const committed = await workspace.commit(path);
      if (!committed.ok)
        return err({ kind: 'refused', cause: describeWorkspaceProblem(committed.error) });
      if (committed.value !== undefined) return ok(toRef(committed.value));
    }
    if (!converted.ok || hash.directory || !executable) return converted;
    return ok({ ...converted.value, executable: true });
  }

  /** Content that stays outside the cache; undefined when what lies there is something else. */
  async seen(path: RepoPath, hash: DvcHash): Promise<ArtifactRef | undefined> {
    const known = this.#known.get(`${path} ${hash.md5}`);
    if (known !== undefined) return known;
    const there = await this.#inWorkspace(path);
    if (there === undefined) return undefined;
    return (await this.#dvc.matches(path, hash)) ? there : undefined;
  }

  /**
   * A name for content that is no longer to be had, so that `why` can say that it changed: the
   * digest of a text that no file holds.
   */
  lost({ md5, directory }: DvcHash): Digest {
    return `b3:${this.#context.ports.hash(`md5:${md5}${directory ? '.dir' : ''}`)}` as Digest;
  }

  async #inWorkspace(path: RepoPath): Promise<ArtifactRef | undefined> {
    const there = await this.#context.ports.workspace.digest(path);
    return there.ok && there.value !== undefined ? toRef(there.value) : undefined;
  }
}
