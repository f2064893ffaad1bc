import { resolve } from 'node:path';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Environment } from '../ports/environment.ts';
import type {
  ImageConfig,
  ImageManifest,
  ImageStore,
  Layer,
  LayerEntry,
  LayerSource,
  OciDigest,
  StoredImage,
} from '../ports/image-store.ts';
import { imageDocuments, type PlannedLayer } from '../ship/image-config.ts';
import { planImage, type ImageOptions, type ImagePlan } from '../ship/image-plan.ts';

export interface ImagePorts {
  readonly images: ImageStore;
  readonly environment: Pick<Environment, 'variable'>;
  /** A line of talk, before each piece of work that may take seconds. */
  readonly notify: (message: string) => void;
}

export interface BuiltImage {
  /** Absolute. */
  readonly directory: string;
  readonly digest: OciDigest;
  readonly tag?: string;
  readonly layers: readonly BuiltLayer[];
  /** Compressed bytes of all layers, the base's included. */
  readonly size: number;
}

export interface BuiltLayer {
  readonly from: string;
  readonly digest: OciDigest;
  readonly size: number;
  readonly cached: boolean;
}

/** Writes an OCI layout without a daemon. `cwd` (absolute) is what relative paths start from. */
export async function buildImage(
  options: ImageOptions & { readonly cwd: string },
  ports: ImagePorts,
): Promise<Result<BuiltImage, Problem>> {
  const planned = planImage(options);
  if (!planned.ok) return planned;
  const plan = planned.value;
  const epoch = sourceDateEpoch(ports.environment.variable('SOURCE_DATE_EPOCH'));
  if (!epoch.ok) return epoch;

  const base = await openBase(plan, options.cwd, ports.images);
  if (!base.ok) return base;
  const layers: (PlannedLayer & { readonly layer: Layer; readonly from: string })[] = [];
  for (const { source, createdBy, from } of layerSources(plan, options.cwd)) {
    ports.notify(`packing ${from}`);
    const layer = await ports.images.layer(source, epoch.value);
    if (!layer.ok) return layer;
    layers.push({ layer: layer.value, createdBy, from });
  }

  const documents = imageDocuments(
    plan,
    layers,
    base.value,
    new Date(epoch.value * 1000).toISOString().replace('.000Z', 'Z'),
    ports.images.architecture,
    (text) => ports.images.digest(text),
  );
  const directory = resolve(options.cwd, plan.output);
  const written = await ports.images.write(directory, {
    ...documents,
    ...(base.value && { base: base.value.directory }),
  });
  if (!written.ok) return written;
  return ok({
    directory,
    digest: documents.digest,
    ...(plan.tag !== undefined && { tag: plan.tag }),
    layers: layers.map(({ layer, from }) => ({
      from,
      digest: layer.descriptor.digest,
      size: layer.descriptor.size,
      cached: layer.cached,
    })),
    size: documents.layers.reduce((sum, layer) => sum + layer.size, 0),
  });
}

interface PlannedSource {
  readonly source: LayerSource;
  readonly from: string;
  readonly createdBy: string;
}

/** The base first, then one layer per copy, so that a new model rebuilds only its own layer. */
function layerSources(plan: ImagePlan, cwd: string): readonly PlannedSource[] {
  const copies = plan.copies.map((copy) => ({
    ...copy,
    source: resolve(cwd, copy.source),
  }));
  const own = copies.map((copy, index) => ({
    source: { kind: 'copy', ...copy } as const,
    from: plan.copies[index]?.source ?? copy.source,
    // The source's path on this machine stays out: another checkout gives the same image.
    createdBy: `avian image build --copy ${copy.destination}`,
  }));
  if (plan.base.kind !== 'node') return own;
  const { user, allowMissing } = plan;
  return [
    {
      source: { kind: 'node', user, serves: copies, allowMissing },
      from: 'base node',
      createdBy: 'avian image build --base node',
    },
    ...own,
  ];
}

async function openBase(
  plan: ImagePlan,
  cwd: string,
  images: ImageStore,
): Promise<Result<StoredImage | undefined, Problem>> {
  return plan.base.kind === 'layout'
    ? images.read(resolve(cwd, plan.base.directory))
    : ok(undefined);
}

function sourceDateEpoch(text: string | undefined): Result<number, Problem> {
  if (text === undefined || text === '') return ok(0);
  // tar's octal field ends at 2^33 - 1.
  return /^[0-9]{1,10}$/.test(text) && Number(text) < 2 ** 33
    ? ok(Number(text))
    : err(
        problem('usage', 'image/bad-epoch', `SOURCE_DATE_EPOCH \`${text}\` is no count of seconds`),
      );
}

export interface ImageContents {
  readonly directory: string;
  readonly digest: OciDigest;
  readonly tag?: string;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  readonly layers: readonly {
    readonly digest: OciDigest;
    readonly size: number;
    readonly createdBy?: string;
    readonly entries: readonly LayerEntry[];
  }[];
}

/** What is inside a layout; every blob is read and checked against its digest. */
export async function inspectImage(
  options: { readonly directory: string; readonly tag?: string; readonly cwd: string },
  ports: Pick<ImagePorts, 'images'>,
): Promise<Result<ImageContents, Problem>> {
  const read = await ports.images.read(resolve(options.cwd, options.directory), options.tag);
  if (!read.ok) return read;
  const image = read.value;
  const steps = (image.config.history ?? []).filter((step) => step['empty_layer'] !== true);
  const layers = [];
  for (const [index, layer] of image.manifest.layers.entries()) {
    const entries = await ports.images.list(image, layer);
    if (!entries.ok) return entries;
    const createdBy = steps[index]?.['created_by'];
    layers.push({
      digest: layer.digest,
      size: layer.size,
      ...(typeof createdBy === 'string' && { createdBy }),
      entries: entries.value,
    });
  }
  return ok({
    directory: image.directory,
    digest: image.digest,
    ...(image.tag !== undefined && { tag: image.tag }),
    manifest: image.manifest,
    config: image.config,
    layers,
  });
}
