import type { BuiltLayer } from '../model/image-views.ts';
import { byCodeUnit, canonicalJson, type JsonObject } from '../model/json.ts';
import type {
  Descriptor,
  ImageConfig,
  ImageManifest,
  Layer,
  OciDigest,
  ProcessConfig,
  StoredImage,
} from '../ports/image-store.ts';
import type { ImagePlan } from './image-plan.ts';

const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
/** What an artifact without a configuration has in its place. */
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const EMPTY = '{}';
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A layer with the words its history entry gets. */
export interface PlannedLayer {
  readonly layer: Pick<Layer, 'descriptor' | 'diffId'>;
  readonly createdBy: string;
}

/** An image as texts: canonical JSON, so that equal input gives equal bytes. */
export interface ImageDocuments {
  readonly config: string;
  readonly manifest: string;
  readonly layers: readonly Descriptor[];
  /** Of the manifest; its digest is the image's name in registries and lineage. */
  readonly descriptor: Descriptor;
}

export type Hash = (text: string) => OciDigest;

/** What an image is for, whatever its layers are: `created` is ISO 8601 and never from a clock. */
export interface ImageOrigin {
  readonly created: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** Layers and configuration of an image that is yet to be written. */
export interface PackedImage {
  readonly config: ImageConfig;
  /** The base's first. */
  readonly layers: readonly Descriptor[];
  readonly built: readonly (BuiltLayer & { readonly isBase: boolean })[];
  /** The layout that holds layers which the layer cache does not. */
  readonly base?: string;
}

/** What our layers run on. */
export interface Machine {
  readonly architecture: string;
  /** Of the Node in the base `node`. */
  readonly nodeVersion: string;
}

/** The words of history entries. A source's path stays out: another checkout gives the same image. */
export const BASE_STEP = 'avian image build --base node';
export const copiedBy = (destination: string): string => `avian image build --copy ${destination}`;

/** The configuration of an image of our own layers on those of a base. */
export function plannedConfig(
  plan: ImagePlan,
  { created, labels }: ImageOrigin,
  layers: readonly PlannedLayer[],
  base: StoredImage | undefined,
  machine: Machine,
): ImageConfig {
  return {
    ...base?.config,
    created,
    architecture: base?.config.architecture ?? machine.architecture,
    os: base?.config.os ?? 'linux',
    config: processConfig(plan, labels, base?.config.config ?? {}, machine.nodeVersion),
    rootfs: {
      type: 'layers',
      diff_ids: [
        ...(base?.config.rootfs.diff_ids ?? []),
        ...layers.map(({ layer }) => layer.diffId),
      ],
    },
    history: [
      ...(base?.config.history ?? []),
      ...layers.map(({ createdBy }) => ({ created, created_by: createdBy })),
    ],
  };
}

export function imageDocuments(
  config: ImageConfig,
  layers: readonly Descriptor[],
  { created, labels }: ImageOrigin,
  hash: Hash,
): ImageDocuments {
  const configText = canonicalJson(config);
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: describe(configText, CONFIG_TYPE, hash),
    layers,
    annotations: { 'org.opencontainers.image.created': created, ...Object.fromEntries(labels) },
  };
  const manifestText = canonicalJson(manifest);
  const platform = { architecture: config.architecture, os: config.os };
  return {
    config: configText,
    manifest: manifestText,
    layers,
    descriptor: { ...describe(manifestText, MANIFEST_TYPE, hash), platform },
  };
}

/** The layout's index.json: the image, and what is attached to it. */
export function layoutIndex(
  image: Descriptor,
  tag: string | undefined,
  attached: readonly Descriptor[],
): string {
  return canonicalJson({
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [
      {
        ...image,
        ...(tag !== undefined && { annotations: { 'org.opencontainers.image.ref.name': tag } }),
      },
      ...attached,
    ],
  });
}

/** What stands in for a registry's own list of what is attached to an image. */
export const referrersIndex = (
  before: readonly JsonObject[],
  added: readonly Descriptor[],
): { readonly mediaType: string; readonly text: string } => ({
  mediaType: INDEX_TYPE,
  text: canonicalJson({
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [...before, ...added],
  }),
});

/** A text that says something of an image, as a manifest of its own that points at it. */
export interface AttachedDocument {
  readonly documents: readonly string[];
  readonly descriptor: Descriptor;
}

/** An OCI artifact (image specification 1.1): `subject` makes it a referrer of the image. */
export function attachDocument(
  text: string,
  artifactType: string,
  subject: Descriptor,
  created: string,
  hash: Hash,
): AttachedDocument {
  const { mediaType, digest, size } = subject;
  const annotations = { 'org.opencontainers.image.created': created };
  const manifest = canonicalJson({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType,
    config: describe(EMPTY, EMPTY_TYPE, hash),
    layers: [describe(text, artifactType, hash)],
    subject: { mediaType, digest, size },
    annotations,
  });
  const described = describe(manifest, MANIFEST_TYPE, hash);
  return {
    documents: [text, EMPTY, manifest],
    descriptor: { ...described, artifactType, annotations },
  };
}

const describe = (text: string, mediaType: string, hash: Hash): Descriptor => ({
  mediaType,
  digest: hash(text),
  size: utf8Length(text),
});

function processConfig(
  plan: ImagePlan,
  ownLabels: ImageOrigin['labels'],
  base: ProcessConfig,
  nodeVersion: string,
): ProcessConfig {
  const env = new Map<string, string>();
  env.set('PATH', DEFAULT_PATH);
  // As the official images of Node have it.
  if (plan.base?.kind === 'node') env.set('NODE_VERSION', nodeVersion);
  for (const pair of base.Env ?? []) {
    const at = pair.indexOf('=');
    env.set(pair.slice(0, at), pair.slice(at + 1));
  }
  for (const [name, value] of plan.env) env.set(name, value);
  const ports = [...Object.keys(base.ExposedPorts ?? {}), ...plan.ports].sort(byCodeUnit);
  const labels = { ...base.Labels, ...Object.fromEntries(ownLabels) };
  const { Cmd, ...rest } = base;
  return {
    ...rest,
    // An own entrypoint takes the base's default arguments with it, as `docker build` has it.
    ...(plan.entrypoint === undefined ? Cmd && { Cmd } : { Entrypoint: plan.entrypoint }),
    Env: [...env].sort(([a], [b]) => byCodeUnit(a, b)).map(([name, value]) => `${name}=${value}`),
    User: `${plan.user}:${plan.user}`,
    ...(plan.workdir !== undefined && { WorkingDir: plan.workdir }),
    ...(ports.length > 0 && { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) }),
    ...(Object.keys(labels).length > 0 && { Labels: labels }),
    ...(plan.healthcheck !== undefined && { Healthcheck: plan.healthcheck }),
    StopSignal: 'SIGTERM',
  };
}

/** UTF-8 bytes, which is what sizes in descriptors count. */
const utf8Length = (text: string): number => new TextEncoder().encode(text).length;
