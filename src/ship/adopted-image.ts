import { byCodeUnit, isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';
import type {
  AdoptedImage,
  ImageConfig,
  ProcessConfig,
  StoredImage,
} from '../ports/image-store.ts';
import type { ImageOrigin } from './image-config.ts';

/** What of an engine's configuration runs a container; the rest is how the engine worked. */
const KEPT = [
  ...['User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'Volumes', 'WorkingDir'],
  ...['StopSignal', 'Healthcheck'],
] as const;

/**
 * The configuration of an image that an engine built, as ours: no clock, no version of the engine, no
 * digest of a build's context, so that building again gives the same image. `base` is there where
 * its layers are known from elsewhere.
 */
export function adoptedConfig(
  { config, layers }: AdoptedImage,
  { created, labels }: ImageOrigin,
  base: StoredImage | undefined,
): ImageConfig {
  const process = isJsonObject(config['config']) ? config['config'] : {};
  const kept = KEPT.flatMap((key) => {
    const value = process[key];
    return value === undefined || isEmpty(value) ? [] : [[key, value] as const];
  });
  const { Env, ...rest } = Object.fromEntries(kept) as ProcessConfig;
  const allLabels = Object.entries({ ...labelsIn(process), ...Object.fromEntries(labels) });
  return {
    architecture: textOf(config['architecture']) ?? 'amd64',
    os: textOf(config['os']) ?? 'linux',
    ...(textOf(config['variant']) !== undefined && { variant: textOf(config['variant']) }),
    created,
    config: {
      ...rest,
      ...(Env !== undefined && { Env: [...Env].sort(byCodeUnit) }),
      ...(allLabels.length > 0 && { Labels: Object.fromEntries(allLabels) }),
    },
    rootfs: {
      type: 'layers',
      diff_ids: [
        ...(base?.config.rootfs.diff_ids ?? []),
        ...layers.flatMap((layer) => layer?.diffId ?? []),
      ],
    },
    history: historyOf(config, layers, base, created),
  };
}

/** buildah's own label is its version. */
function labelsIn(process: JsonObject): { readonly [name: string]: string } {
  const labels = process['Labels'];
  const entries = isJsonObject(labels) ? Object.entries(labels) : [];
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && !entry[0].startsWith('io.buildah.'),
    ),
  );
}

/** One step for each layer, as a configuration must have it: those of layers left out become empty. */
function historyOf(
  config: JsonObject,
  layers: AdoptedImage['layers'],
  base: StoredImage | undefined,
  created: string,
): ImageConfig['history'] & object {
  const listed = Array.isArray(config['history']) ? (config['history'] as JsonValue[]) : [];
  const known = base?.config.rootfs.diff_ids.length ?? 0;
  let at = 0;
  return listed.filter(isJsonObject).map((step) => {
    const words = textOf(step['created_by'])?.replaceAll(
      /\b(dir|file|multi):[0-9a-f]{64} in /g,
      '',
    );
    const hasLayer = step['empty_layer'] !== true;
    const index = hasLayer ? at++ : undefined;
    const isLeftOut = index === undefined || (index >= known && layers[index] === undefined);
    return {
      created,
      ...(words !== undefined && { created_by: words }),
      ...(isLeftOut && { empty_layer: true }),
    };
  });
}

const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const isEmpty = (value: JsonValue): boolean =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
