/** The list of a data set: which images there are, where each came from, and under which licence. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StageError } from './stage-error.ts';
import { writeJson } from './stage.ts';

export const SPLITS = ['train', 'val', 'test'] as const;
export type Split = (typeof SPLITS)[number];

export interface ManifestImage {
  /** `<split>/<species>/<name>.jpg`, relative to the data set's folder, POSIX. */
  readonly path: string;
  readonly split: Split;
  readonly species: string;
  /** `sha256:<hex>` of the stored file. */
  readonly digest: string;
  readonly bytes: number;
  /** An SPDX identifier, or words where there is none, such as `unknown`. */
  readonly licence: string;
  /** Where the image came from, in the words of its source: a path, an address, a recipe. */
  readonly origin: string;
  /** `sha256:<hex>` of the file that the image was made from, where it is not drawn. */
  readonly originDigest?: string;
  /** Images of one group look alike, and are therefore all in one split. */
  readonly group: string;
}

export interface Manifest {
  readonly version: 1;
  /** The source that fetched the images, such as `plates`. */
  readonly source: string;
  /** The species, sorted by code unit: a label is an index into this list. */
  readonly classes: readonly string[];
  readonly counts: Readonly<Record<Split, number>>;
  /** What the source left out, by reason; absent where it left nothing out. */
  readonly skipped?: Readonly<Record<string, number>>;
  /** Sorted by path, code unit by code unit. */
  readonly images: readonly ManifestImage[];
}

/** A manifest that is missing or does not hold together: an expected failure. */
class ManifestError extends StageError {
  override readonly name = 'ManifestError';
  readonly kind: 'missing' | 'invalid';

  constructor(kind: 'missing' | 'invalid', message: string) {
    super(message, 'fetch the data set again: avian repro fetch');
    this.kind = kind;
  }
}

const MANIFEST_FILE = 'manifest.json';

/** The manifest of `images`, with classes and counts drawn from them and everything in its order. */
export function createManifest(
  source: string,
  images: readonly ManifestImage[],
  skipped: Readonly<Record<string, number>> = {},
): Manifest {
  const counts = { train: 0, val: 0, test: 0 };
  for (const image of images) counts[image.split] += 1;
  return {
    version: 1,
    source,
    classes: [...new Set(images.map((image) => image.species))].sort(),
    counts,
    ...(Object.keys(skipped).length === 0 ? {} : { skipped }),
    images: [...images].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
  };
}

/** Writes `dir`/manifest.json whole or not at all. Throws ManifestError 'invalid' rather than write nonsense. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  refuseProblems(dir, problemsOf(manifest));
  await writeJson(join(dir, MANIFEST_FILE), manifest);
}

/** Reads and validates `dir`/manifest.json; the images themselves are not touched. Throws ManifestError. */
export async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, MANIFEST_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ManifestError('missing', `${path} cannot be read: ${(error as Error).message}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ManifestError('invalid', `${path} is no JSON: ${(error as Error).message}`);
  }
  refuseProblems(dir, problemsOf(json));
  return json as Manifest;
}

/** The images of one split, in the manifest's order. */
export function imagesOf(manifest: Manifest, split: Split): ManifestImage[] {
  return manifest.images.filter((image) => image.split === split);
}

const PROBLEMS_SHOWN = 5;

function refuseProblems(dir: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, PROBLEMS_SHOWN).join('; ');
  const more =
    problems.length > PROBLEMS_SHOWN ? `; and ${problems.length - PROBLEMS_SHOWN} more` : '';
  throw new ManifestError('invalid', `the manifest of ${dir} is not valid: ${shown}${more}`);
}

function problemsOf(json: unknown): string[] {
  if (!isRecord(json)) return ['it is no object'];
  const { version, source, classes, counts, images } = json;
  const problems: string[] = [];
  if (version !== 1) problems.push(`version is ${JSON.stringify(version)}, not 1`);
  if (!isText(source)) problems.push('source is no name');
  if (!isTextList(classes)) return [...problems, 'classes is no list of names'];
  if (!Array.isArray(images)) return [...problems, 'images is no list'];
  if (!isStrictlySorted(classes)) problems.push('classes are not sorted, or one is there twice');
  const paths: string[] = [];
  const splitOfGroup = new Map<string, Split>();
  const found: Record<Split, number> = { train: 0, val: 0, test: 0 };
  for (const [index, image] of images.entries()) {
    const problem = problemOfImage(image, classes);
    if (problem !== undefined) {
      problems.push(`images[${index}]: ${problem}`);
      continue;
    }
    const { path, split, group } = image as ManifestImage;
    paths.push(path);
    found[split] += 1;
    if ((splitOfGroup.get(group) ?? split) !== split) {
      problems.push(`the group ${group} is in more than one split`);
    }
    splitOfGroup.set(group, split);
  }
  if (!isStrictlySorted(paths)) problems.push('images are not sorted, or one is there twice');
  for (const split of SPLITS) {
    const count = isRecord(counts) ? counts[split] : undefined;
    if (count !== found[split]) problems.push(`counts.${split} is not ${found[split]}`);
  }
  return problems;
}

function problemOfImage(image: unknown, classes: readonly string[]): string | undefined {
  if (!isRecord(image)) return 'no object';
  const { path, split, species, digest, bytes, licence, origin, group } = image;
  if (!isText(path)) return 'path is missing';
  if (!SPLITS.some((known) => known === split)) return `split of ${path} is none`;
  if (!isText(species) || !classes.includes(species)) return `species of ${path} is no class`;
  const name = path.slice(`${String(split)}/${species}/`.length);
  // A path out of the data set, or into another's folder, would be read as if it belonged here.
  const isHome = path === `${String(split)}/${species}/${name}` && isFileName(name);
  if (!isHome || !isFileName(species)) return `path ${path} is not <split>/<species>/<name>`;
  if (!isText(digest) || !/^sha256:[0-9a-f]{64}$/.test(digest)) return `digest of ${path}`;
  if (!Number.isSafeInteger(bytes) || Number(bytes) <= 0) return `bytes of ${path}`;
  for (const [field, value] of Object.entries({ licence, origin, group })) {
    if (!isText(value)) return `${field} of ${path} is missing`;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0;
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}

function isStrictlySorted(texts: readonly string[]): boolean {
  return texts.every((text, index) => index === 0 || (texts[index - 1] ?? '') < text);
}

function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
}
