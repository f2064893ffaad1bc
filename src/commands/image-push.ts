import { resolve } from 'node:path';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { OciDigest, PushedImage } from '../model/image-views.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Descriptor, ImageStore, StoredImage } from '../ports/image-store.ts';
import type { OpenRepository, Repository } from '../ports/registry.ts';
import { referrersIndex } from '../ship/image-config.ts';
import { parseImageReference, referrersTag } from '../ship/image-reference.ts';

export interface PushOptions {
  /** A layout, relative to `cwd`. */
  readonly directory: string;
  /** `REGISTRY/NAME[:TAG]`. */
  readonly reference: string;
  /** Of the image in the layout, where that has several. */
  readonly tag?: string;
  readonly plainHttp: boolean;
  readonly cwd: string;
}

export interface PushPorts {
  readonly images: ImageStore;
  readonly openRepository: OpenRepository;
  readonly signal: AbortSignal;
  /** How far the blobs are: bytes handed to the registry, those of a try that is repeated again. */
  readonly onSent: (bytes: number) => void;
}

/** Blobs that travel at once. */
const AT_ONCE = 4;

/**
 * Sends an image and what is attached to it. Blobs first, then the manifest by its digest, then the
 * attachments; the tag, where one is asked for, moves when all of that is there.
 */
export async function pushImage(
  options: PushOptions,
  ports: PushPorts,
): Promise<Result<PushedImage, Problem>> {
  const target = parseImageReference(options.reference);
  if (!target.ok) return target;
  const { registry, repository: name, tag } = target.value;
  const read = await ports.images.read(resolve(options.cwd, options.directory), options.tag);
  if (!read.ok) return read;
  const image = read.value;
  const { plainHttp } = options;
  const { signal } = ports;
  const repository = ports.openRepository({ registry, repository: name, plainHttp, signal });
  try {
    const sent = await sendImage(image, repository, ports);
    if (!sent.ok) return sent;
    const attached = await sendAttachments(image, repository, ports);
    if (!attached.ok) return attached;
    if (tag !== undefined) {
      const named = await putManifest(image, manifestOf(image), tag, repository, ports);
      if (!named.ok) return named;
    }
    return ok({
      reference: `${registry}/${name}@${image.digest}`,
      registry,
      repository: name,
      ...(tag !== undefined && { tag }),
      digest: image.digest,
      size: image.manifest.layers.reduce((sum, { size }) => sum + size, 0),
      sent: sent.value + attached.value,
      attached: (image.attached ?? []).map(({ descriptor }) => descriptor.digest),
      labels: image.config.config?.Labels ?? {},
    });
  } finally {
    repository.close();
  }
}

async function sendImage(
  image: StoredImage,
  repository: Repository,
  ports: PushPorts,
): Promise<Result<number, Problem>> {
  const { layers, config } = image.manifest;
  const sent = await sendBlobs(image, [...layers, config], repository, ports);
  if (!sent.ok) return sent;
  const stored = await putManifest(image, manifestOf(image), image.digest, repository, ports);
  return stored.ok ? sent : stored;
}

/** Each as an artifact that names the image, and where the registry does not list those, by a tag. */
async function sendAttachments(
  image: StoredImage,
  repository: Repository,
  ports: PushPorts,
): Promise<Result<number, Problem>> {
  const unlisted: Descriptor[] = [];
  let bytes = 0;
  for (const { descriptor, manifest } of image.attached ?? []) {
    const sent = await sendBlobs(image, [...manifest.layers, manifest.config], repository, ports);
    if (!sent.ok) return sent;
    bytes += sent.value;
    const stored = await putManifest(image, descriptor, descriptor.digest, repository, ports);
    if (!stored.ok) return stored;
    if (!stored.value.listsReferrers) unlisted.push(descriptor);
  }
  if (unlisted.length === 0) return ok(bytes);
  const listed = await listReferrers(image.digest, unlisted, repository, ports);
  return listed.ok ? ok(bytes) : listed;
}

/**
 * The tag `sha256-<hex>` names an index of what is attached (distribution specification 1.1). Others'
 * entries stay; two pushes at the same moment may lose one of theirs, which the protocol has no
 * means against, and pushing again adds it.
 */
async function listReferrers(
  digest: OciDigest,
  attached: readonly Descriptor[],
  repository: Repository,
  { images }: PushPorts,
): Promise<Result<void, Problem>> {
  const tag = referrersTag(digest);
  const known = await repository.manifest(tag);
  if (!known.ok) return known;
  const before = known.value === undefined ? [] : manifestsIn(known.value);
  if (before === undefined) {
    const hint = `remove the tag ${tag} from the registry`;
    return err(problem('remote', 'registry/bad-referrers', `\`${tag}\` is no image index`, hint));
  }
  const isNew = ({ digest: one }: Descriptor): boolean =>
    !before.some((entry) => entry['digest'] === one);
  if (!attached.some(isNew)) return ok(undefined);
  const index = referrersIndex(before, attached.filter(isNew));
  const stored = await repository.putManifest(tag, { ...index, digest: images.digest(index.text) });
  return stored.ok ? ok(undefined) : stored;
}

function manifestsIn(text: string): readonly JsonObject[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const entries = isJsonObject(value) ? value['manifests'] : undefined;
    return Array.isArray(entries)
      ? (entries as readonly unknown[]).filter(isJsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A few at a time; after a failure none is begun. Answers the bytes that had to be sent. */
async function sendBlobs(
  image: StoredImage,
  blobs: readonly Descriptor[],
  repository: Repository,
  { images, onSent }: PushPorts,
): Promise<Result<number, Problem>> {
  const waiting = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  let bytes = 0;
  let failed: Result<never, Problem> | undefined;
  const lane = async (): Promise<void> => {
    for (let blob = waiting.shift(); blob !== undefined; blob = waiting.shift()) {
      const { digest, size } = blob;
      const read = (): AsyncIterable<Uint8Array> => counted(images.content(image, digest), onSent);
      const sent = await repository.putBlob({ digest, size, read });
      if (!sent.ok) {
        failed ??= sent;
        waiting.length = 0;
        return;
      }
      bytes += sent.value;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return failed ?? ok(bytes);
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  onSent: PushPorts['onSent'],
): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    onSent(piece.length);
  }
}

async function putManifest(
  image: StoredImage,
  { mediaType, digest }: Pick<Descriptor, 'mediaType' | 'digest'>,
  reference: string,
  repository: Repository,
  { images }: PushPorts,
): ReturnType<Repository['putManifest']> {
  const text = await images.text(image, digest);
  if (!text.ok) return text;
  return repository.putManifest(reference, { mediaType, text: text.value, digest });
}

const manifestOf = ({
  digest,
  manifest,
}: StoredImage): Pick<Descriptor, 'mediaType' | 'digest'> => ({
  mediaType: manifest.mediaType,
  digest,
});
