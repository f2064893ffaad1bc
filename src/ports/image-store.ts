import type { Problem } from '../model/diagnostic.ts';
import type { LayerEntry, OciDigest } from '../model/image-views.ts';
import type { JsonObject } from '../model/json.ts';
import type { Result } from '../model/result.ts';

export type { LayerEntry, OciDigest };

export const parseOciDigest = (text: unknown): OciDigest | undefined =>
  typeof text === 'string' && /^sha256:[0-9a-f]{64}$/.test(text) ? (text as OciDigest) : undefined;

/** Points at a blob by digest and size (bytes). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: OciDigest;
  readonly size: number;
  readonly annotations?: { readonly [key: string]: string };
  readonly platform?: { readonly architecture: string; readonly os: string };
  /** Of a manifest that is no image: what it holds. */
  readonly artifactType?: string;
}

/** The parts of an OCI image configuration that avian reads or writes; others are carried along. */
export interface ImageConfig {
  readonly created?: string;
  readonly architecture: string;
  readonly os: string;
  readonly config?: ProcessConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly OciDigest[] };
  readonly history?: readonly { readonly [key: string]: string | boolean }[];
}

export interface ProcessConfig {
  readonly User?: string;
  readonly ExposedPorts?: { readonly [port: string]: object };
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly Labels?: { readonly [key: string]: string };
  readonly StopSignal?: string;
  /** Not of the specification: docker and BuildKit write it, docker and podman obey it. */
  readonly Healthcheck?: Healthcheck;
}

/** Times in nanoseconds. */
export interface Healthcheck {
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly Retries?: number;
}

export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: { readonly [key: string]: string };
  /** In a manifest that says something of another one, such as its bill of materials. */
  readonly artifactType?: string;
  readonly subject?: Descriptor;
}

/** What a layer is made from. Paths on this machine are absolute. */
export type LayerSource =
  | { readonly kind: 'copy'; readonly source: string; readonly destination: string }
  | {
      /** The Node binary, and the shared libraries that it and the native modules in `serves` need. */
      readonly kind: 'node';
      readonly user: number;
      readonly serves: readonly CopySource[];
      /** Libraries that may be absent, by file name: of optional accelerators, for instance. */
      readonly allowMissing: readonly string[];
    };

export interface CopySource {
  readonly source: string;
  /** Absolute path in the image. A directory's content lands there; a file gets that very name. */
  readonly destination: string;
}

export interface Layer {
  readonly descriptor: Descriptor;
  /** Digest of the tar before compression. */
  readonly diffId: OciDigest;
  /** True when the layer cache had it. */
  readonly cached: boolean;
}

/** An image in an OCI layout, its JSON parsed and checked against its digests. */
export interface StoredImage {
  readonly directory: string;
  /** Names the image; what a deployment records. */
  readonly digest: OciDigest;
  readonly tag?: string;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /** Manifests of the same layout that are attached to this image, in its order. */
  readonly attached?: readonly Attachment[];
}

/** A manifest whose `subject` is an image, such as its bill of materials. */
export interface Attachment {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
}

/** Something installed that an image holds, as its layers tell. */
export interface Package {
  readonly kind: 'npm' | 'deb';
  readonly name: string;
  readonly version: string;
  /** As the package says it: an SPDX expression or free words. */
  readonly licence?: string;
  /** Of a Debian package. */
  readonly architecture?: string;
}

/** What a layer says of its origin. */
export interface LayerContents {
  /** In archive order. */
  readonly packages: readonly Package[];
  /** Shared libraries outside of packages, with the SHA-256 (hex) of their bytes. */
  readonly libraries: readonly { readonly path: string; readonly sha256: string }[];
  /** CycloneDX documents that somebody put there (`bom.json`, `*.cdx.json`), parsed. */
  readonly bills: readonly JsonObject[];
}

export interface AdoptOptions {
  /** Absolute. */
  readonly folder: string;
  readonly epoch: number;
  /** Layers of the base, and whether somebody else has them: then they are not read. */
  readonly base: { readonly count: number; readonly isKnown: boolean };
}

export interface AdoptedImage {
  /** The configuration as the engine wrote it. */
  readonly config: JsonObject;
  /** One for each of the engine's layers; undefined: left out, empty or known. */
  readonly layers: readonly (Layer | undefined)[];
}

/** Images as OCI layouts on disk, written and read without a daemon. */
export interface ImageStore {
  /** `amd64`, `arm64`, …: what this machine's layers run on. */
  readonly architecture: string;
  /** SHA-256 of UTF-8 text. */
  digest(text: string): OciDigest;
  /**
   * Packs content into a layer, or finds it in the layer cache by content: same content, owner,
   * modes and `epoch` (seconds, every entry's mtime) give the same digest.
   */
  layer(source: LayerSource, epoch: number): Promise<Result<Layer, Problem>>;
  /**
   * Takes in an image that an engine saved (`docker save`). The first `below` layers are a base's: left
   * out, or kept byte for byte. The others are written as this store writes layers, so that the same
   * content gives the same digest whoever built it; empty ones are left out. Works in `folder`.
   */
  adopt(archive: string, options: AdoptOptions): Promise<Result<AdoptedImage, Problem>>;
  /** Writes an image as `docker load` takes it. */
  export(image: StoredImage, name: string, archive: string): Promise<void>;
  /** What is installed in a layer of the layer cache, or of the layout `base`; its digest is checked. */
  contents(layer: Descriptor, base?: string): Promise<Result<LayerContents, Problem>>;
  /** Reads a layout. With several images in it, `tag` or this machine's platform chooses. */
  read(directory: string, tag?: string): Promise<Result<StoredImage, Problem>>;
  /**
   * Writes a layout atomically; one already there is replaced, anything else there is refused.
   * Layer blobs come from the layer cache, or from the layout `base`.
   */
  write(
    directory: string,
    image: {
      readonly index: string;
      /** Configurations and manifests: each becomes a blob. */
      readonly documents: readonly string[];
      readonly layers: readonly Descriptor[];
      readonly base?: string;
    },
  ): Promise<Result<void, Problem>>;
  /** The bytes of a blob, at most 4 MiB, as UTF-8; its digest is checked. */
  text(image: StoredImage, digest: OciDigest): Promise<Result<string, Problem>>;
  /** The bytes of a blob, unchecked: whoever takes them knows the digest. */
  content(image: StoredImage, digest: OciDigest): AsyncIterable<Uint8Array>;
  /** A layer's entries in archive order; the blob's digest is checked. */
  list(image: StoredImage, layer: Descriptor): Promise<Result<readonly LayerEntry[], Problem>>;
  /**
   * Unpacks every layer in order into `destination`, which must not exist: whiteouts honoured,
   * nothing written outside, digests checked, links kept inside the root. Device nodes are left out.
   */
  unpack(
    image: StoredImage,
    destination: string,
  ): Promise<Result<{ readonly files: number; readonly bytes: number }, Problem>>;
}
