import type { Digest } from '../../model/names.ts';
import type { ArtifactRef } from '../../model/artifact.ts';
import { err, ok, type Result } from '../../model/result.ts';
import {
  DEEPEST,
  encodeDirectory,
  refuseName,
  type TreeEntry,
  type TreeSummary,
} from '../../model/tree.ts';

/** A file of a directory: DVC keeps no executable bit inside one. */
export interface TreeFile {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

interface Folder {
  readonly files: Map<string, TreeFile>;
  readonly folders: Map<string, Folder>;
}

const emptyFolder = (): Folder => ({ files: new Map(), folders: new Map() });

/** The Merkle tree of a flat list of files. Refuses paths that would leave the directory, and why. */
export function treeOf(
  files: readonly TreeFile[],
  hash: (text: string) => string,
  put: (digest: Digest, text: string) => void,
): Result<ArtifactRef, string> {
  const root = emptyFolder();
  for (const file of files) {
    const parts = file.path.split('/');
    const name = parts.pop() ?? '';
    const bad = [...parts, name].map(refuseName).find((cause) => cause !== undefined);
    if (bad !== undefined) return err(`${file.path}: ${bad}`);
    if (parts.length >= DEEPEST) return err(`${file.path} lies more than ${DEEPEST} folders deep`);
    let folder = root;
    for (const part of parts) {
      const next = folder.folders.get(part) ?? emptyFolder();
      folder.folders.set(part, next);
      folder = next;
    }
    folder.files.set(name, file);
  }
  const encode = ({ files: own, folders }: Folder): TreeSummary | string => {
    const entries: TreeEntry[] = [];
    for (const [name, folder] of folders) {
      if (own.has(name)) return `${name} is both a file and a folder`;
      const below = encode(folder);
      if (typeof below === 'string') return below;
      entries.push({ kind: 'directory', name, ...below });
    }
    for (const [name, { digest, size }] of own) {
      entries.push({ kind: 'file', name, digest, size, executable: false });
    }
    return encodeDirectory(entries, hash, put);
  };
  const tree = encode(root);
  return typeof tree === 'string' ? err(tree) : ok(tree);
}
