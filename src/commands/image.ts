import { resolve } from 'node:path';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { BuiltImage } from '../model/image-views.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Environment } from '../ports/environment.ts';
import type { ImageEngine } from '../ports/image-engine.ts';
import type {
  ImageStore,
  Layer,
  LayerContents,
  LayerSource,
  OciDigest,
  StoredImage,
} from '../ports/image-store.ts';
import { billOfMaterials, BILL_TYPE } from '../ship/bill-of-materials.ts';
import {
  attachDocument,
  BASE_STEP,
  copiedBy,
  imageDocuments,
  layoutIndex,
  plannedConfig,
  type ImageOrigin,
  type PackedImage,
  type PlannedLayer,
} from '../ship/image-config.ts';
import {
  planImage,
  type EngineName,
  type ImageOptions,
  type ImagePlan,
} from '../ship/image-plan.ts';
import { packByEngine } from './image-engine.ts';
import { provenanceLabels, type ProvenancePorts } from './image-provenance.ts';

export interface ImagePorts {
  readonly images: ImageStore;
  readonly environment: Pick<Environment, 'variable'>;
  /** Absent outside of a project: then nothing is known of an image's past. */
  readonly project?: ProvenancePorts;
  /** Of avian. */
  readonly version: string;
  /** Of the Node that a base layer `node` holds, such as `24.21.0`. */
  readonly nodeVersion: string;
  readonly engine: (name: EngineName) => ImageEngine;
  /** A line of talk, before each piece of work that may take seconds. */
  readonly notify: (message: string) => void;
}

/**
 * Writes an OCI layout: the image, and attached to it its bill of materials. `cwd` (absolute) is
 * what relative paths start from.
 */
export async function buildImage(
  options: ImageOptions & { readonly cwd: string },
  ports: ImagePorts,
): Promise<Result<BuiltImage, Problem>> {
  const planned = planImage(options);
  if (!planned.ok) return planned;
  const plan = planned.value;
  const epoch = sourceDateEpoch(ports.environment.variable('SOURCE_DATE_EPOCH'));
  if (!epoch.ok) return epoch;
  const origin: ImageOrigin = {
    created: new Date(epoch.value * 1000).toISOString().replace('.000Z', 'Z'),
    labels: await labelsOf(plan, options.cwd, ports),
  };
  const packed = await pack(plan, origin, epoch.value, options.cwd, ports);
  if (!packed.ok) return packed;
  return write(plan, origin, packed.value, options.cwd, ports);
}

/** Where it comes from, then what a person says, who has the last word. */
async function labelsOf(
  plan: ImagePlan,
  cwd: string,
  { project }: ImagePorts,
): Promise<ImageOrigin['labels']> {
  const model = plan.model && resolve(cwd, plan.model.source);
  const known = project === undefined ? [] : await provenanceLabels(model, project);
  return [...new Map([...known, ...plan.labels])];
}

function pack(
  plan: ImagePlan,
  origin: ImageOrigin,
  epoch: number,
  cwd: string,
  ports: ImagePorts,
): Promise<Result<PackedImage, Problem>> {
  const engine = plan.builder === 'oci' ? undefined : ports.engine(plan.builder);
  return engine === undefined
    ? packLayers(plan, origin, epoch, cwd, ports)
    : packByEngine({ plan, origin, epoch, cwd }, engine, ports);
}

/** Without a daemon: each layer from its sources, or from the layer cache. */
async function packLayers(
  plan: ImagePlan,
  origin: ImageOrigin,
  epoch: number,
  cwd: string,
  { images, nodeVersion, notify }: ImagePorts,
): Promise<Result<PackedImage, Problem>> {
  const base = await openBase(plan, cwd, images);
  if (!base.ok) return base;
  const layers: (PlannedLayer & { readonly layer: Layer; readonly from: string })[] = [];
  for (const { source, createdBy, from } of layerSources(plan, cwd)) {
    notify(`packing ${from}`);
    const layer = await images.layer(source, epoch);
    if (!layer.ok) return layer;
    layers.push({ layer: layer.value, createdBy, from });
  }
  return ok({
    config: plannedConfig(plan, origin, layers, base.value, {
      architecture: images.architecture,
      nodeVersion,
    }),
    layers: [
      ...(base.value?.manifest.layers ?? []),
      ...layers.map(({ layer }) => layer.descriptor),
    ],
    built: layers.map(({ layer: { descriptor, cached }, from }, index) => ({
      from,
      digest: descriptor.digest,
      size: descriptor.size,
      cached,
      isBase: plan.base?.kind === 'node' && index === 0,
    })),
    ...(base.value && { base: base.value.directory }),
  });
}

/** The documents around the layers: configuration, manifest, bill of materials, index. */
async function write(
  plan: ImagePlan,
  origin: ImageOrigin,
  { config, layers, built, base }: PackedImage,
  cwd: string,
  { images, version, notify }: ImagePorts,
): Promise<Result<BuiltImage, Problem>> {
  const hash = (text: string): OciDigest => images.digest(text);
  const { descriptor, ...image } = imageDocuments(config, layers, origin, hash);
  notify('listing what is inside');
  const inside: LayerContents[] = [];
  for (const layer of layers) {
    const contents = await images.contents(layer, base);
    if (!contents.ok) return contents;
    inside.push(contents.value);
  }
  const { digest } = descriptor;
  const { tag, model } = plan;
  const subject = { digest, tag, config, version, ...origin, model: model?.destination };
  const bill = billOfMaterials(subject, inside);
  const attached = attachDocument(bill, BILL_TYPE, descriptor, origin.created, hash);
  const directory = resolve(cwd, plan.output);
  const written = await images.write(directory, {
    index: layoutIndex(descriptor, tag, [attached.descriptor]),
    documents: [image.config, image.manifest, ...attached.documents],
    layers,
    ...(base !== undefined && { base }),
  });
  if (!written.ok) return written;
  const sizeOf = (all: readonly { readonly size: number }[]): number =>
    all.reduce((sum, { size }) => sum + size, 0);
  return ok({
    directory,
    digest,
    ...(tag !== undefined && { tag }),
    layers: built.map(({ isBase: _, ...layer }) => layer),
    size: sizeOf(layers),
    ownSize: sizeOf(built.filter(({ isBase }) => !isBase)),
    labels: origin.labels,
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
    createdBy: copiedBy(copy.destination),
  }));
  if (plan.base?.kind !== 'node') return own;
  const { user, allowMissing } = plan;
  return [
    {
      source: { kind: 'node', user, serves: copies, allowMissing },
      from: 'base node',
      createdBy: BASE_STEP,
    },
    ...own,
  ];
}

async function openBase(
  plan: ImagePlan,
  cwd: string,
  images: ImageStore,
): Promise<Result<StoredImage | undefined, Problem>> {
  return plan.base?.kind === 'layout'
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
