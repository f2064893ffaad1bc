import type { RepoPath } from '../model/names.ts';
import type { ChangingCommit, GitStanding, Revisions, UnmergedFile } from '../ports/revisions.ts';

/** git in memory: a line of commits, each with all of its files. */
export class FakeRevisions implements Revisions {
  /** Newest last. */
  readonly commits: { readonly id: string; readonly files: ReadonlyMap<string, string> }[] = [];
  readonly settings = new Map<string, string>();
  readonly open = new Map<string, UnmergedFile>();
  /** What lies in the workspace beside what was committed, and no `.gitignore` names. */
  readonly unknown = new Set<string>();
  state: GitStanding = { kind: 'no-repository' };

  commit(files: ReadonlyMap<string, string>): string {
    this.state = { kind: 'repository' };
    const id = (this.commits.length + 1).toString(16).padStart(40, '0');
    this.commits.push({ id, files: new Map(files) });
    return id;
  }

  async fileAt(revision: string, path: string): Promise<string | undefined> {
    return this.#find(revision)?.files.get(path);
  }

  async *everyVersion(name: string): AsyncIterable<string> {
    const texts = this.commits.flatMap(({ files }) =>
      [...files].flatMap(([path, text]) => (path.split('/').at(-1) === name ? [text] : [])),
    );
    yield* new Set(texts);
  }

  async standing(): Promise<GitStanding> {
    return this.state;
  }

  async commitOf(revision: string): Promise<string | undefined> {
    return this.#find(revision)?.id;
  }

  async commitsOf(path: string, most: number): Promise<readonly ChangingCommit[]> {
    return this.commits
      .filter(({ files }, at) => files.get(path) !== this.commits[at - 1]?.files.get(path))
      .map(({ id }) => ({ id, subject: 'birds' }))
      .toReversed()
      .slice(0, most);
  }

  async unmerged(path: string): Promise<UnmergedFile | undefined> {
    return this.open.get(path);
  }

  async markMerged(path: string): Promise<boolean> {
    this.open.delete(path);
    return this.state.kind === 'repository';
  }

  async addable(paths: readonly RepoPath[]): Promise<readonly RepoPath[]> {
    return this.state.kind === 'repository' ? paths.filter((path) => this.unknown.has(path)) : [];
  }

  async prefix(): Promise<string | undefined> {
    return this.state.kind === 'repository' ? '' : undefined;
  }

  async setting(key: string): Promise<string | undefined> {
    return this.settings.get(key);
  }

  async setSetting(key: string, value: string): Promise<boolean> {
    if (this.state.kind !== 'repository') return false;
    this.settings.set(key, value);
    return true;
  }

  #find(revision: string): (typeof this.commits)[number] | undefined {
    if (revision === 'HEAD') return this.commits.at(-1);
    return this.commits.find(({ id }) => id === revision);
  }
}
