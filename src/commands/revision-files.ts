import { toRef, type ArtifactRef } from '../model/artifact.ts';
import type { Problem } from '../model/diagnostic.ts';
import { pinnedIn, type PipelineLock } from '../model/lock.ts';
import { contains, type RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { ContentFile, ContentFiles } from '../ports/contents.ts';
import type { LookContext } from './context.ts';
import { unknownRevision } from './snapshots.ts';

/** The project's files as a revision has them. */
export interface RevisionFiles {
  readonly label: string;
  at(path: RepoPath): Promise<FilesFound>;
}

/** `reason` is the end of a sentence that begins with the path. */
export type FilesFound =
  | ({ readonly kind: 'found' } & ContentFiles)
  | { readonly kind: 'absent'; readonly reason: string };

type Context = Pick<LookContext, 'ports' | 'revisions' | 'contents'>;

const WORKSPACE = 'workspace';
const MOST_FILES = 500;

/** Of the workspace, of a git revision (outs from the cache, the rest from git), or of a run. */
export async function filesOf(
  name: string,
  context: Context,
): Promise<Result<RevisionFiles, Problem>> {
  if (name === WORKSPACE) return ok(workspaceFiles(context));
  const { ports, revisions } = context;
  const text = await revisions.fileAt(name, 'pipeline.lock');
  if (text !== undefined) {
    const lock = ports.lock.parse(text);
    return lock.ok ? ok(keptFiles(name, contentsOf(lock.value), context)) : lock;
  }
  if ((await revisions.commitOf(name)) !== undefined) return ok(keptFiles(name, {}, context));
  const [run] = /^[0-9a-f]{4,}/.test(name) ? await ports.runs.lookUp(name) : [];
  return run === undefined ? err(unknownRevision(name)) : ok(keptFiles(name, run.outs, context));
}

export const workspaceFiles = ({ contents }: Pick<LookContext, 'contents'>): RevisionFiles => ({
  label: WORKSPACE,
  async at(path) {
    const found = await contents.inWorkspace(path, MOST_FILES);
    return found === undefined ? absent('is not there') : { kind: 'found', ...found };
  },
});

type Kept = { readonly [path: string]: ArtifactRef };

const contentsOf = (lock: PipelineLock): Kept =>
  Object.fromEntries(pinnedIn(lock).map(({ path, ref }) => [path, ref]));

function keptFiles(
  label: string,
  kept: Kept,
  { ports, revisions, contents }: Context,
): RevisionFiles {
  const lost = absent('is not in the cache as it was then; `avian fetch` may bring it');
  return {
    label,
    async at(path) {
      const own = Object.entries(kept).find(([out]) => contains(out as RepoPath, path));
      if (own === undefined) {
        const text = await revisions.fileAt(label, path);
        return text === undefined ? absent('was not there') : asFile(text);
      }
      const [out, ref] = own;
      const artifact =
        out === path ? ref : await ports.workspace.entryOf(ref, path.slice(out.length + 1));
      if (artifact === undefined) return lost;
      const wanted = 'kind' in artifact ? toRef(artifact) : artifact;
      const found = await contents.inCache(wanted, MOST_FILES);
      return found === undefined ? lost : { kind: 'found', ...found };
    },
  };
}

const absent = (reason: string): FilesFound => ({ kind: 'absent', reason });

function asFile(text: string): FilesFound {
  const bytes = new TextEncoder().encode(text);
  const file: ContentFile = { below: '', size: bytes.length, read: async () => bytes };
  return { kind: 'found', files: [file], more: 0 };
}
