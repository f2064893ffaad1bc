import { join, resolve } from 'node:path';
import type { Problem } from '../model/diagnostic.ts';
import { ok, type Result } from '../model/result.ts';
import type { EngineBuild, ImageEngine } from '../ports/image-engine.ts';
import type { AdoptedImage, ImageStore, Layer, StoredImage } from '../ports/image-store.ts';
import { adoptedConfig } from '../ship/adopted-image.ts';
import { dockerfileOf } from '../ship/dockerfile.ts';
import {
  imageDocuments,
  layoutIndex,
  plannedConfig,
  BASE_STEP,
  copiedBy,
  type ImageOrigin,
  type Machine,
  type PackedImage,
  type PlannedLayer,
} from '../ship/image-config.ts';
import type { ImagePlan } from '../ship/image-plan.ts';

export interface EngineRequest {
  readonly plan: ImagePlan;
  readonly origin: ImageOrigin;
  /** Seconds. */
  readonly epoch: number;
  /** Absolute. */
  readonly cwd: string;
}

export interface EnginePorts {
  readonly images: ImageStore;
  readonly nodeVersion: string;
  readonly notify: (message: string) => void;
}

/**
 * Has an engine build the image, and takes over what it made: with the layers of the builder `oci` where
 * the content is the same. The engine keeps the image as well, under the tag.
 */
export function packByEngine(
  request: EngineRequest,
  engine: ImageEngine,
  ports: EnginePorts,
): Promise<Result<PackedImage, Problem>> {
  return engine.inScratch(async (folder) => {
    const { plan, epoch } = request;
    const base = await openBase(request, folder, ports);
    if (!base.ok) return base;
    const from = await baseName(plan, base.value, folder, engine, ports);
    if (!from.ok) return from;
    ports.notify(`building with ${plan.builder}`);
    const archive = join(folder, 'image.tar');
    const built = await engine.build(engineBuild(request, from.value), archive, folder);
    if (!built.ok) return built;
    const below = from.value === undefined ? ok([]) : await engine.layersOf(from.value);
    if (!below.ok) return below;
    ports.notify('taking over its layers');
    const adopted = await ports.images.adopt(archive, {
      folder,
      epoch,
      base: {
        count: base.value?.manifest.layers.length ?? below.value?.length ?? 0,
        isKnown: base.value !== undefined,
      },
    });
    if (!adopted.ok) return adopted;
    const { images, nodeVersion } = ports;
    const machine = { architecture: images.architecture, nodeVersion };
    const count = below.value?.length ?? 0;
    return ok(packedImage(request, adopted.value, base.value, count, machine));
  });
}

/** A base that avian has as a layout: Node's is made one. Others are the engine's own affair. */
async function openBase(
  request: EngineRequest,
  folder: string,
  { images, nodeVersion }: EnginePorts,
): Promise<Result<StoredImage | undefined, Problem>> {
  const { plan, epoch, cwd } = request;
  const { base, user, allowMissing } = plan;
  if (base?.kind === 'layout') return images.read(resolve(cwd, base.directory));
  if (base?.kind !== 'node') return ok(undefined);
  const serves = plan.copies.map((copy) => ({ ...copy, source: resolve(cwd, copy.source) }));
  const layer = await images.layer({ kind: 'node', user, serves, allowMissing }, epoch);
  if (!layer.ok) return layer;
  const bare: ImagePlan = {
    ...plan,
    ...{ copies: [], workdir: undefined, entrypoint: undefined, healthcheck: undefined },
    ...{ env: [], ports: [], user: 0 },
  };
  const origin: ImageOrigin = { created: request.origin.created, labels: [] };
  const { architecture } = images;
  const machine = { architecture, nodeVersion };
  const config = plannedConfig(
    bare,
    origin,
    [{ layer: layer.value, createdBy: BASE_STEP }],
    undefined,
    machine,
  );
  const layers = [layer.value.descriptor];
  const document = imageDocuments(config, layers, origin, (text) => images.digest(text));
  const directory = join(folder, 'base');
  const written = await images.write(directory, {
    index: layoutIndex(document.descriptor, undefined, []),
    documents: [document.config, document.manifest],
    layers,
  });
  return written.ok ? images.read(directory) : written;
}

/** What the Dockerfile's BASE becomes; a layout is handed to the engine first, unless it has it. */
async function baseName(
  { base }: ImagePlan,
  stored: StoredImage | undefined,
  folder: string,
  engine: ImageEngine,
  { images, notify }: EnginePorts,
): Promise<Result<string | undefined, Problem>> {
  if (base === undefined) return ok(undefined);
  if (base.kind === 'reference') return ok(base.name);
  if (stored === undefined) return ok('scratch');
  const name = `localhost/avian-base:${stored.manifest.config.digest.slice(7, 23)}`;
  const known = await engine.layersOf(name);
  if (!known.ok) return known;
  if (known.value !== undefined) return ok(name);
  notify('handing the base over');
  const archive = join(folder, 'base.tar');
  await images.export(stored, name, archive);
  const loaded = await engine.load(archive);
  return loaded.ok ? ok(name) : loaded;
}

function engineBuild(
  { plan, origin, epoch, cwd }: EngineRequest,
  base: string | undefined,
): EngineBuild {
  const { recipe, tag } = plan;
  const baseArg = base === undefined ? [] : [['BASE', base] as const];
  const copies = plan.copies.map((copy) => ({ ...copy, source: resolve(cwd, copy.source) }));
  return {
    source:
      recipe === undefined
        ? { kind: 'text', text: dockerfileOf(plan), copies }
        : {
            kind: 'file',
            file: resolve(cwd, recipe.file),
            context: resolve(cwd, recipe.context),
          },
    args: [...baseArg, ...(recipe?.args ?? [])],
    target: recipe?.target,
    network: recipe?.network,
    labels: origin.labels,
    tag,
    epoch,
  };
}

function packedImage(
  { plan, origin }: EngineRequest,
  adopted: AdoptedImage,
  base: StoredImage | undefined,
  below: number,
  machine: Machine,
): PackedImage {
  const known = base?.manifest.layers ?? [];
  const built = adopted.layers.flatMap((layer, index) =>
    layer === undefined ? [] : [{ layer, isBase: index < below }],
  );
  const own = built.map(({ layer }) => layer);
  const config = asPlanned(plan, own)
    ? plannedConfig(plan, origin, steps(plan, own), base, machine)
    : adoptedConfig(adopted, origin, base);
  const history = (config.history ?? []).filter((step) => step['empty_layer'] !== true);
  return {
    config,
    layers: [...known, ...own.map(({ descriptor }) => descriptor)],
    built: built.map(({ layer: { descriptor, cached }, isBase }, index) => ({
      from: String(history[known.length + index]?.['created_by'] ?? (isBase ? 'base' : 'a layer')),
      digest: descriptor.digest,
      size: descriptor.size,
      cached,
      isBase,
    })),
    // Node's lies in the layer cache, and its layout is gone with the folder it was made in.
    ...(base !== undefined && plan.base?.kind === 'layout' && { base: base.directory }),
  };
}

/**
 * The engine did what options asked for, layer by layer: then the image is the one that the builder
 * `oci` makes, to the digest. A base that only the engine knows has its say in the configuration.
 */
const asPlanned = (plan: ImagePlan, own: readonly Layer[]): boolean =>
  plan.recipe === undefined && plan.base?.kind !== 'reference' && own.length === plan.copies.length;

const steps = (plan: ImagePlan, own: readonly Layer[]): readonly PlannedLayer[] =>
  own.map((layer, index) => ({
    layer,
    createdBy: copiedBy(plan.copies[index]?.destination ?? ''),
  }));
