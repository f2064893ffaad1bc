import type { ArtifactRef } from '../model/artifact.ts';
import { byCodeUnit } from '../model/json.ts';
import type { RepoPath } from '../model/names.ts';
import type { ContentFiles, Contents } from '../ports/contents.ts';
import type { FakeWorld } from './fakes.ts';

/** What the fake workspace and its cache hold, as bytes; a text that begins with `base64:` stands for what it encodes. */
export class FakeContents implements Contents {
  readonly #world: Pick<FakeWorld, 'files' | 'workspace'>;

  constructor(world: Pick<FakeWorld, 'files' | 'workspace'>) {
    this.#world = world;
  }

  async inWorkspace(path: RepoPath, most: number): Promise<ContentFiles | undefined> {
    const texts = [...this.#world.files].flatMap(([place, text]): [string, string][] => {
      if (place === path) return [['', text]];
      return place.startsWith(`${path}/`) ? [[place.slice(path.length + 1), text]] : [];
    });
    return texts.length === 0 ? undefined : filesOf(texts, most);
  }

  async inCache({ digest }: ArtifactRef, most: number): Promise<ContentFiles | undefined> {
    const content = this.#world.workspace.objects.get(digest);
    if (content === undefined) return undefined;
    const texts = [...content].map(([place, { text }]): [string, string] => [place, text]);
    return filesOf(texts, most);
  }
}

function filesOf(texts: readonly (readonly [string, string])[], most: number): ContentFiles {
  const files = texts
    .toSorted(([a], [b]) => byCodeUnit(a, b))
    .map(([below, text]) => {
      const bytes = text.startsWith('base64:')
        ? Buffer.from(text.slice('base64:'.length), 'base64')
        : Buffer.from(text);
      return { below, size: bytes.length, read: async () => bytes };
    });
  return { files: files.slice(0, most), more: Math.max(0, files.length - most) };
}
