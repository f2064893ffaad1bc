import type { JsonObject } from './json.ts';

/** `sha256:<64 hex>`: how registries name content. Not an avian `Digest`, which is BLAKE3. */
export type OciDigest = `sha256:${string}`;

/** What `avian image build` answers. */
export interface BuiltImage {
  /** Absolute. */
  readonly directory: string;
  readonly digest: OciDigest;
  readonly tag?: string;
  readonly layers: readonly BuiltLayer[];
  /** Compressed bytes of all layers, the base's included. */
  readonly size: number;
  /** Compressed bytes of the layers that are not the base's. */
  readonly ownSize: number;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

export interface BuiltLayer {
  readonly from: string;
  readonly digest: OciDigest;
  readonly size: number;
  /** The layer cache had it. */
  readonly cached: boolean;
}

/** What `avian image inspect` answers. */
export interface ImageContents {
  readonly directory: string;
  readonly digest: OciDigest;
  readonly tag?: string;
  readonly annotations: { readonly [name: string]: string };
  /** The image's configuration as it lies there. */
  readonly config: JsonObject;
  readonly layers: readonly ShownLayer[];
  /** Its bill of materials, a CycloneDX document, where one is attached. */
  readonly bill?: JsonObject;
}

export interface ShownLayer {
  readonly digest: OciDigest;
  readonly size: number;
  readonly createdBy?: string;
  readonly entries: readonly LayerEntry[];
}

export interface LayerEntry {
  /** Relative to the image's root, without a leading slash. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link' | 'hard-link' | 'whiteout' | 'special';
  readonly size: number;
  readonly mode: number;
}

/** What `avian image push` answers, and writes with `--record`. */
export interface PushedImage {
  /** `REGISTRY/NAME@sha256:…`: what a deployment is given. */
  readonly reference: string;
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest: OciDigest;
  /** Compressed bytes of the image. */
  readonly size: number;
  /** Bytes that the registry did not have. */
  readonly sent: number;
  /** Digests of the manifests attached to it, such as its bill of materials. */
  readonly attached: readonly OciDigest[];
  readonly labels: { readonly [name: string]: string };
}
