import type { Problem } from '../model/diagnostic.ts';
import type { OciDigest } from '../model/image-views.ts';
import type { Result } from '../model/result.ts';

/** Bytes with a known digest, which can be read again when a connection is lost. */
export interface BlobSource {
  readonly digest: OciDigest;
  readonly size: number;
  read(): AsyncIterable<Uint8Array>;
}

/** One repository of a registry, over the OCI distribution protocol. */
export interface Repository {
  /** Sends a blob that is not there yet; answers how many bytes had to be sent, 0 or `size`. */
  putBlob(blob: BlobSource): Promise<Result<number, Problem>>;
  /** Names a manifest by a tag, or by its digest alone. What it names has to be there before. */
  putManifest(
    reference: string,
    manifest: { readonly mediaType: string; readonly text: string; readonly digest: OciDigest },
  ): Promise<Result<StoredManifest, Problem>>;
  /** The text of a manifest or index; undefined when there is none. */
  manifest(reference: string): Promise<Result<string | undefined, Problem>>;
  close(): void;
}

export interface StoredManifest {
  /** The registry lists what is attached to an image itself: no tag has to stand in for that. */
  readonly listsReferrers: boolean;
}

export interface RepositoryOptions {
  /** Host, with a port where it is not the usual one. */
  readonly registry: string;
  /** Path in the registry. */
  readonly repository: string;
  /** Without TLS, and without credentials; a registry on this very machine is asked so anyway. */
  readonly plainHttp: boolean;
  readonly signal: AbortSignal;
}

export type OpenRepository = (options: RepositoryOptions) => Repository;
