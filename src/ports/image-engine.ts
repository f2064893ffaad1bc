import type { Problem } from '../model/diagnostic.ts';
import type { OciDigest } from '../model/image-views.ts';
import type { Result } from '../model/result.ts';
import type { CopySource } from './image-store.ts';

/** What an engine is to build. Paths on this machine are absolute. */
export interface EngineBuild {
  readonly source:
    | { readonly kind: 'file'; readonly file: string; readonly context: string }
    /** A Dockerfile that copies `0`, `1`, … which are the `copies` in their order. */
    | { readonly kind: 'text'; readonly text: string; readonly copies: readonly CopySource[] };
  readonly args: readonly (readonly [name: string, value: string])[];
  readonly target: string | undefined;
  /** Undefined: the engine's usual one. */
  readonly network: string | undefined;
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** What the image is called in the engine's own storage. */
  readonly tag: string | undefined;
  /** Seconds; every file's time, where the engine can. */
  readonly epoch: number;
}

/** docker, buildah or podman: builds from Dockerfiles, and keeps images where its containers start. */
export interface ImageEngine {
  /** A folder for the work on one image, gone afterwards; `work` gets its absolute path. */
  inScratch<T>(work: (folder: string) => Promise<T>): Promise<T>;
  /** The layers of an image that the engine has, as digests before compression; undefined: it has none. */
  layersOf(name: string): Promise<Result<readonly OciDigest[] | undefined, Problem>>;
  /** Takes in the archive that `docker save` would write. */
  load(archive: string): Promise<Result<void, Problem>>;
  /** Builds, and writes what `docker save` writes of it into the file `archive`. */
  build(build: EngineBuild, archive: string, folder: string): Promise<Result<void, Problem>>;
}
