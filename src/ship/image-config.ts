import { byCodeUnit, canonicalJson } from '../model/json.ts';
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
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A layer with the words its history entry gets. */
export interface PlannedLayer {
  readonly layer: Pick<Layer, 'descriptor' | 'diffId'>;
  readonly createdBy: string;
}

export interface ImageDocuments {
  readonly config: string;
  readonly manifest: string;
  readonly index: string;
  readonly layers: readonly Descriptor[];
  /** Of the manifest: the image's name in registries and lineage. */
  readonly digest: OciDigest;
}

/**
 * The three JSON documents of an image, canonical, so that equal input gives equal bytes.
 * `created` is ISO 8601; it comes from SOURCE_DATE_EPOCH or is 1970, never from a clock.
 */
export function imageDocuments(
  plan: ImagePlan,
  layers: readonly PlannedLayer[],
  base: StoredImage | undefined,
  created: string,
  architecture: string,
  digest: (text: string) => OciDigest,
): ImageDocuments {
  const annotations = {
    'org.opencontainers.image.created': created,
    ...Object.fromEntries(plan.labels),
  };
  const config: ImageConfig = {
    ...base?.config,
    created,
    architecture: base?.config.architecture ?? architecture,
    os: base?.config.os ?? 'linux',
    config: processConfig(plan, base?.config.config ?? {}),
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
  const configText = canonicalJson(config);
  const descriptors = [
    ...(base?.manifest.layers ?? []),
    ...layers.map(({ layer }) => layer.descriptor),
  ];
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: {
      mediaType: CONFIG_TYPE,
      digest: digest(configText),
      size: utf8Length(configText),
    },
    layers: descriptors,
    annotations,
  };
  const manifestText = canonicalJson(manifest);
  const manifestDigest = digest(manifestText);
  const index = {
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [
      {
        mediaType: MANIFEST_TYPE,
        digest: manifestDigest,
        size: utf8Length(manifestText),
        platform: { architecture: config.architecture, os: config.os },
        ...(plan.tag !== undefined && {
          annotations: { 'org.opencontainers.image.ref.name': plan.tag },
        }),
      },
    ],
  };
  return {
    config: configText,
    manifest: manifestText,
    index: canonicalJson(index),
    layers: descriptors,
    digest: manifestDigest,
  };
}

function processConfig(plan: ImagePlan, base: ProcessConfig): ProcessConfig {
  const env = new Map<string, string>();
  env.set('PATH', DEFAULT_PATH);
  for (const pair of base.Env ?? []) {
    const at = pair.indexOf('=');
    env.set(pair.slice(0, at), pair.slice(at + 1));
  }
  for (const [name, value] of plan.env) env.set(name, value);
  const ports = [...Object.keys(base.ExposedPorts ?? {}), ...plan.ports].sort(byCodeUnit);
  const labels = { ...base.Labels, ...Object.fromEntries(plan.labels) };
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
    StopSignal: 'SIGTERM',
  };
}

/** UTF-8 bytes, which is what sizes in descriptors count. */
const utf8Length = (text: string): number => new TextEncoder().encode(text).length;
