import { resolve } from 'node:path';
import type { Problem } from '../model/diagnostic.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { ok, type Result } from '../model/result.ts';
import type { ImageContents, ShownLayer } from '../model/image-views.ts';
import type { ImageStore, StoredImage } from '../ports/image-store.ts';
import { BILL_TYPE } from '../ship/bill-of-materials.ts';

/** What is inside a layout; every blob is read and checked against its digest. */
export async function inspectImage(
  options: { readonly directory: string; readonly tag?: string; readonly cwd: string },
  { images }: { readonly images: ImageStore },
): Promise<Result<ImageContents, Problem>> {
  const read = await images.read(resolve(options.cwd, options.directory), options.tag);
  if (!read.ok) return read;
  const image = read.value;
  const steps = (image.config.history ?? []).filter((step) => step['empty_layer'] !== true);
  const layers: ShownLayer[] = [];
  for (const [index, layer] of image.manifest.layers.entries()) {
    const entries = await images.list(image, layer);
    if (!entries.ok) return entries;
    const createdBy = steps[index]?.['created_by'];
    layers.push({
      digest: layer.digest,
      size: layer.size,
      ...(typeof createdBy === 'string' && { createdBy }),
      entries: entries.value,
    });
  }
  const bill = await billOf(image, images);
  if (!bill.ok) return bill;
  return ok({
    directory: image.directory,
    digest: image.digest,
    ...(image.tag !== undefined && { tag: image.tag }),
    annotations: image.manifest.annotations ?? {},
    config: image.config as unknown as JsonObject,
    layers,
    ...(bill.value && { bill: bill.value }),
  });
}

async function billOf(
  image: StoredImage,
  images: ImageStore,
): Promise<Result<JsonObject | undefined, Problem>> {
  const attachment = image.attached?.find(
    ({ descriptor }) => descriptor.artifactType === BILL_TYPE,
  );
  const blob = attachment?.manifest.layers[0];
  if (blob === undefined) return ok(undefined);
  const text = await images.text(image, blob.digest);
  if (!text.ok) return text;
  const value: unknown = JSON.parse(text.value);
  return ok(isJsonObject(value) ? value : undefined);
}
