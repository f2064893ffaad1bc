import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef } from '../../model/artifact.ts';
import { byCodeUnit } from '../../model/json.ts';
import type { Digest } from '../../model/names.ts';
import { ProblemError } from '../../model/problem-error.ts';
import { DEEPEST, type TreeEntry } from '../../model/tree.ts';
import type { ContentFile, ContentFiles, Contents } from '../../ports/contents.ts';
import type { TransferObjects } from '../../ports/transfer-objects.ts';

export interface ContentsOptions {
  /** Absolute path of the project. */
  readonly root: string;
  readonly objects: Pick<TransferObjects, 'missing' | 'readNode' | 'read'>;
}

/** Reads whole files: what people look at is small. */
export function openContents({ root, objects }: ContentsOptions): Contents {
  return {
    async inWorkspace(path, most) {
      const place = join(root, path);
      const found = await stat(place).catch(() => undefined);
      if (found === undefined) return undefined;
      if (found.isFile()) return limited([fileAt(place, '', found.size)], most);
      return found.isDirectory() ? limited(await below(place), most) : undefined;
    },

    async inCache(artifact, most) {
      const { digest, size } = artifact;
      if (artifact.files !== undefined) {
        const files = objectsBelow(artifact, objects);
        return files && limited(files, most);
      }
      if (objects.missing([{ digest, size }]).length > 0) return undefined;
      return limited([objectAt(digest, size, '', objects)], most);
    },
  };
}

function limited(all: readonly ContentFile[], most: number): ContentFiles {
  const files = all.toSorted((a, b) => byCodeUnit(a.below, b.below));
  return { files: files.slice(0, most), more: Math.max(0, files.length - most) };
}

async function below(place: string, prefix = ''): Promise<readonly ContentFile[]> {
  const entries = await readdir(place, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry): Promise<readonly ContentFile[]> => {
      const path = join(place, entry.name);
      if (entry.isDirectory()) return below(path, `${prefix}${entry.name}/`);
      if (!entry.isFile()) return [];
      const size = await stat(path).then(
        (known) => known.size,
        () => undefined,
      );
      return size === undefined ? [] : [fileAt(path, `${prefix}${entry.name}`, size)];
    }),
  );
  return found.flat();
}

const fileAt = (place: string, name: string, size: number): ContentFile => ({
  ...{ below: name, size },
  read: () => readFile(place).catch(() => undefined),
});

/** Undefined when a node of the tree is not at hand. */
function objectsBelow(
  { digest }: Pick<ArtifactRef, 'digest'>,
  objects: ContentsOptions['objects'],
): readonly ContentFile[] | undefined {
  const found: ContentFile[] = [];
  const walk = (node: Digest, prefix: string, depth: number): boolean => {
    const read = objects.readNode(node, depth);
    if (!read.ok || depth > DEEPEST) return false;
    const { value } = read;
    if (value.node.kind === 'split') {
      return value.node.parts.every((part) => walk(part.digest, prefix, depth));
    }
    return value.node.entries.every((entry: TreeEntry) => {
      if (entry.kind === 'link') return true;
      const name = `${prefix}${entry.name}`;
      if (entry.kind === 'directory') return walk(entry.digest, `${name}/`, depth + 1);
      found.push(objectAt(entry.digest, entry.size, name, objects));
      return true;
    });
  };
  return walk(digest, '', 0) ? found : undefined;
}

const objectAt = (
  digest: Digest,
  size: number,
  name: string,
  objects: ContentsOptions['objects'],
): ContentFile => ({
  ...{ below: name, size },
  async read() {
    try {
      const pieces: Uint8Array[] = [];
      for await (const piece of objects.read(digest, 0, size)) pieces.push(piece);
      return Buffer.concat(pieces);
    } catch (error) {
      if (error instanceof ProblemError) return undefined;
      throw error;
    }
  },
});
