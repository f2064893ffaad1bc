/** Photographs from anywhere into the data set: decoded once, grouped by looks, dealt to splits, stored again at one size. */
import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGES_AT_ONCE, mapConcurrently } from '../../vision/concurrency.ts';
import { ImageError, openImage } from '../../vision/images.ts';
import type { ManifestImage, Split } from '../../vision/manifest.ts';
import { StageError } from '../../vision/stage-error.ts';
import type { FetchContext, Fetched } from '../source.ts';
import { sha256 } from '../store.ts';
import { groupByLooks } from './groups.ts';
import { looksOf, type Looks } from './looks.ts';
import { dealSplits, type Shares } from './splits.ts';

/** A file that may be a photograph. */
export interface Candidate {
  readonly file: string;
  readonly species: string;
  /** What the stored file is called, without extension; made unique where two are the same. */
  readonly name: string;
  readonly split?: Split | undefined;
  readonly licence: string;
  /** Its place for people, such as its path within the folder. */
  readonly origin: string;
}

export interface ImportOptions {
  /** The shorter side of what is stored, in pixels; smaller photographs are not enlarged. */
  readonly size: number;
  readonly shares: Shares;
  /** What happens with a file that cannot be decoded: it is named and counted, or the fetch fails. */
  readonly unreadable: 'skip' | 'fail';
}

interface Developed {
  readonly candidate: Candidate;
  /** The stored file while its split is not known. */
  readonly incoming: string;
  readonly digest: string;
  readonly originDigest: string;
  readonly bytes: number;
  readonly looks: Looks;
}

const QUALITY = 92;
const INCOMING = '.incoming';

/** Stores the candidates below `context.out`. Throws StageError for an unreadable one where that is asked for. */
export async function importPhotographs(
  candidates: readonly Candidate[],
  options: ImportOptions,
  context: FetchContext,
): Promise<Fetched> {
  const incoming = join(context.out, INCOMING);
  await mkdir(incoming);
  const { developed, unreadable } = await developAll(candidates, options, context);
  const groups = groupByLooks(developed.map((photograph) => photograph.looks));
  const items = developed.map((photograph, index) => ({
    species: photograph.candidate.species,
    digest: photograph.originDigest,
    given: photograph.candidate.split,
    group: `looks-${String(groups[index]).padStart(5, '0')}`,
  }));
  const deal = dealSplits(items, options.shares, context.random.fork('splits'));

  const images: ManifestImage[] = [];
  const taken = new Set<string>();
  for (const [index, photograph] of developed.entries()) {
    const split = deal[index];
    const group = items[index]?.group;
    if (split === undefined || group === undefined) continue;
    images.push(await place(photograph, split, group, taken, context.out));
  }
  await clear(incoming, developed, deal);
  const straddling = developed.length - images.length;
  const skipped = {
    ...(unreadable > 0 ? { unreadable } : {}),
    ...(straddling > 0 ? { 'looks like one in another split': straddling } : {}),
  };
  return { images, skipped };
}

async function developAll(
  candidates: readonly Candidate[],
  options: ImportOptions,
  context: FetchContext,
): Promise<{ developed: Developed[]; unreadable: number }> {
  const tick = context.progress('import', candidates.length);
  let done = 0;
  const results = await mapConcurrently(candidates, IMAGES_AT_ONCE, async (candidate, index) => {
    try {
      const incoming = join(context.out, INCOMING, `${index}.jpg`);
      return await develop(candidate, incoming, options.size);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      if (options.unreadable === 'fail') {
        throw new StageError(
          error.message,
          'repair or remove the file, or set data.unreadable=skip to leave such files out',
        );
      }
      context.say(`skipped: ${error.message}`);
      return undefined;
    } finally {
      done += 1;
      tick(done);
    }
  });
  const developed = results.filter((result) => result !== undefined);
  return { developed, unreadable: results.length - developed.length };
}

async function develop(candidate: Candidate, incoming: string, size: number): Promise<Developed> {
  const original = await readFile(candidate.file);
  let jpeg: Buffer;
  try {
    const image = await openImage(original);
    jpeg = await image.jpeg(QUALITY, {
      width: size,
      height: size,
      fit: 'outside',
      withoutEnlargement: true,
    });
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new ImageError(error.kind, error.message.replace(/^the image/, candidate.file));
  }
  await writeFile(incoming, jpeg);
  return {
    candidate,
    incoming,
    digest: sha256(jpeg),
    originDigest: sha256(original),
    bytes: jpeg.length,
    looks: await looksOf(jpeg),
  };
}

async function place(
  photograph: Developed,
  split: Split,
  group: string,
  taken: Set<string>,
  out: string,
): Promise<ManifestImage> {
  const { candidate, digest, originDigest, bytes } = photograph;
  const { species, licence, origin } = candidate;
  const folder = `${split}/${species}`;
  let path = `${folder}/${candidate.name}.jpg`;
  // Case is folded because the data set may be restored to a file system that folds it.
  for (let copy = 2; taken.has(path.toLowerCase()); copy += 1) {
    path = `${folder}/${candidate.name}-${copy}.jpg`;
  }
  taken.add(path.toLowerCase());
  await mkdir(join(out, folder), { recursive: true });
  await rename(photograph.incoming, join(out, path));
  return { path, split, species, digest, bytes, licence, origin, originDigest, group };
}

async function clear(
  incoming: string,
  developed: readonly Developed[],
  deal: readonly (Split | undefined)[],
): Promise<void> {
  for (const [index, photograph] of developed.entries()) {
    if (deal[index] === undefined) await rm(photograph.incoming);
  }
  await rmdir(incoming);
}
