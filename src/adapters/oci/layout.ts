import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';
import {
  parseOciDigest,
  type Attachment,
  type Descriptor,
  type ImageConfig,
  type ImageManifest,
  type OciDigest,
  type StoredImage,
} from '../../ports/image-store.ts';
import { readThrough } from './entries.ts';

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const REF_NAME = 'org.opencontainers.image.ref.name';
/** The specification's own limit for manifests; nothing honest comes near it. */
const MAX_JSON = 4 * 1024 * 1024;
const LAYOUT_VERSION = '{"imageLayoutVersion":"1.0.0"}';

export const sha256 = (text: string): OciDigest =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`;

export const blobPath = (directory: string, digest: OciDigest): string =>
  join(directory, 'blobs', 'sha256', digest.slice(7));

export const corrupt = (path: string, what: string): Problem =>
  problem('corruption', 'image/corrupt', `\`${path}\`: ${what}`, 'build the image again');

/** index.json -> (an index within) -> manifest -> config; every blob's digest and size checked. */
export async function readLayout(
  directory: string,
  architecture: string,
  tag: string | undefined,
): Promise<Result<StoredImage, Problem>> {
  const text = await readBounded(join(directory, 'index.json'));
  const layout = await readBounded(join(directory, 'oci-layout'));
  if (text === undefined || layout === undefined) {
    return err(
      problem(
        'usage',
        'image/no-layout',
        `\`${directory}\` is no OCI image layout`,
        'avian image build --output DIR writes one',
      ),
    );
  }
  let index = parseObject(text);
  for (let depth = 0; ; depth += 1) {
    const entries = index && descriptorsOf(index['manifests']);
    if (!entries) return err(corrupt(join(directory, 'index.json'), 'is not an image index'));
    const chosen = chooseManifest(entries, architecture, tag);
    if (chosen === undefined) return err(noSuchImage(directory, entries, tag));
    const blob = await readBlob(directory, chosen);
    if (!blob.ok) return blob;
    if (INDEX_TYPES.includes(chosen.mediaType) && depth === 0) {
      index = blob.value;
      continue;
    }
    const image = await readImage(
      directory,
      chosen,
      blob.value,
      tag ?? chosen.annotations?.[REF_NAME],
    );
    if (!image.ok) return image;
    // Attachments lie at the top, whatever index the image was found in.
    const all = descriptorsOf(parseObject(text)?.['manifests']) ?? [];
    const attached = await readAttachments(directory, all, image.value.digest);
    return attached.ok ? ok({ ...image.value, attached: attached.value }) : attached;
  }
}

async function readAttachments(
  directory: string,
  entries: readonly Descriptor[],
  subject: OciDigest,
): Promise<Result<readonly Attachment[], Problem>> {
  const attached: Attachment[] = [];
  for (const descriptor of entries.filter(({ artifactType }) => artifactType !== undefined)) {
    const manifest = await readBlob(directory, descriptor);
    if (!manifest.ok) return manifest;
    const config = descriptorOf(manifest.value['config']);
    const layers = descriptorsOf(manifest.value['layers']);
    if (descriptorOf(manifest.value['subject'])?.digest !== subject || !config || !layers) continue;
    attached.push({
      descriptor,
      manifest: { ...manifest.value, config, layers } as unknown as ImageManifest,
    });
  }
  return ok(attached);
}

async function readImage(
  directory: string,
  descriptor: Descriptor,
  manifest: JsonObject,
  tag: string | undefined,
): Promise<Result<Omit<StoredImage, 'attached'>, Problem>> {
  const path = blobPath(directory, descriptor.digest);
  const configAt = descriptorOf(manifest['config']);
  const layers = descriptorsOf(manifest['layers']);
  if (!configAt || !layers) return err(corrupt(path, 'is not an image manifest'));
  const config = await readBlob(directory, configAt);
  if (!config.ok) return config;
  const rootfs = config.value['rootfs'];
  const diffIds = isJsonObject(rootfs) ? rootfs['diff_ids'] : undefined;
  if (!Array.isArray(diffIds) || diffIds.length !== layers.length) {
    return err(corrupt(path, 'its configuration does not name as many layers as the manifest'));
  }
  return ok({
    directory,
    digest: descriptor.digest,
    ...(tag !== undefined && { tag }),
    // Checked above as far as avian relies on it; the rest is carried along unread.
    manifest: { ...manifest, config: configAt, layers } as unknown as ImageManifest,
    config: config.value as unknown as ImageConfig,
  });
}

function chooseManifest(
  entries: readonly Descriptor[],
  architecture: string,
  tag: string | undefined,
): Descriptor | undefined {
  const images = entries.filter((entry) => entry.artifactType === undefined);
  const tagged = images.filter((entry) => entry.annotations?.[REF_NAME] === tag);
  if (tag !== undefined && tagged.length > 0) return tagged[0];
  const fits = (entry: Descriptor): boolean =>
    entry.platform === undefined ||
    (entry.platform.os === 'linux' && entry.platform.architecture === architecture);
  const candidates = images.filter(fits);
  const named = images.some((entry) => entry.annotations?.[REF_NAME] !== undefined);
  // Inside a nested index nothing is tagged, and the platform alone decides.
  return tag === undefined || !named ? candidates[0] : undefined;
}

function noSuchImage(
  directory: string,
  entries: readonly Descriptor[],
  tag: string | undefined,
): Problem {
  const names = entries.flatMap((entry) => entry.annotations?.[REF_NAME] ?? []);
  return problem(
    'usage',
    'image/not-found',
    tag === undefined
      ? `\`${directory}\` has no image for this machine`
      : `\`${directory}\` has no image tagged \`${tag}\``,
    names.length > 0 ? `it has: ${names.join(', ')}` : undefined,
  );
}

async function readBlob(
  directory: string,
  descriptor: Descriptor,
): Promise<Result<JsonObject, Problem>> {
  const path = blobPath(directory, descriptor.digest);
  const text = await readText(path, descriptor.digest);
  if (!text.ok) return text;
  const value = parseObject(text.value);
  return value ? ok(value) : err(corrupt(path, 'is not a JSON object'));
}

/** A blob of at most 4 MiB as UTF-8. */
export async function readText(path: string, digest: OciDigest): Promise<Result<string, Problem>> {
  const text = await readBounded(path);
  if (text === undefined) return err(corrupt(path, 'is missing or too large'));
  return sha256(text) === digest ? ok(text) : err(corrupt(path, 'does not have its digest'));
}

/** Writes beside `directory` and renames; a layout already there is replaced. */
export async function writeLayout(
  directory: string,
  image: { readonly index: string; readonly documents: readonly string[] },
  layers: readonly { readonly descriptor: Descriptor; readonly from: string }[],
): Promise<Result<void, Problem>> {
  const existing = await readdir(directory).catch((cause: unknown) =>
    (cause as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : ['unreadable'],
  );
  if (existing && existing.length > 0 && !existing.includes('oci-layout')) {
    return err(
      problem(
        'usage',
        'image/output-occupied',
        `\`${directory}\` holds something that is no OCI layout`,
        'choose another --output, or move it away',
      ),
    );
  }
  const temporary = join(dirname(directory), `.avian-image-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(join(temporary, 'blobs', 'sha256'), { recursive: true });
    for (const { descriptor, from } of layers) {
      const copied = await copyBlob(from, temporary, descriptor);
      if (!copied.ok) return copied;
    }
    for (const text of image.documents) {
      await writeFile(blobPath(temporary, sha256(text)), text);
    }
    await writeFile(join(temporary, 'oci-layout'), LAYOUT_VERSION);
    await writeFile(join(temporary, 'index.json'), image.index);
    await rm(directory, { recursive: true, force: true });
    await rename(temporary, directory);
    return ok(undefined);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Checks while it copies: a flipped byte in a cache must not become part of an image. */
async function copyBlob(
  from: string,
  directory: string,
  descriptor: Descriptor,
): Promise<Result<void, Problem>> {
  let copied: string;
  try {
    const target = await open(blobPath(directory, descriptor.digest), 'wx');
    try {
      copied = (await readThrough(from, (bytes) => writeAll(target, bytes))).sha256;
    } finally {
      await target.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    return err(corrupt(from, 'is missing'));
  }
  if (`sha256:${copied}` === descriptor.digest) return ok(undefined);
  // Set aside by removal: the next build packs it again.
  await rm(from, { force: true });
  return err(corrupt(from, 'does not have its digest'));
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}

async function readBounded(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const info = await file.stat();
    return info.isFile() && info.size <= MAX_JSON ? await file.readFile('utf8') : undefined;
  } finally {
    await file.close();
  }
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function descriptorsOf(value: unknown): readonly Descriptor[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const descriptors = value.map(descriptorOf);
  return descriptors.every((one) => one !== undefined) ? descriptors : undefined;
}

function descriptorOf(value: unknown): Descriptor | undefined {
  if (!isJsonObject(value)) return undefined;
  const digest = parseOciDigest(value['digest']);
  const { mediaType, size } = value;
  if (!digest || typeof mediaType !== 'string' || typeof size !== 'number') return undefined;
  return { ...(value as unknown as Descriptor), digest, mediaType, size };
}
