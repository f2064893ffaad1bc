/** Finds photographs laid out by species: `<species>/…/photo.jpg`, or the same below train, val and test. */
import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Split } from '../../vision/manifest.ts';
import { StageError } from '../../vision/stage-error.ts';

export interface Listing {
  /** Sorted by path, code unit by code unit. */
  readonly photographs: readonly ListedPhotograph[];
  /** Pictures in formats that are not decoded here, such as HEIC. */
  readonly unsupported: number;
}

export interface ListedPhotograph {
  /** Relative to the listed folder, POSIX. */
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly species: string;
  readonly split: Split | undefined;
}

const SPLIT_FOLDERS: Readonly<Record<string, Split>> = {
  train: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
};
const DECODED = new Set(['.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp']);
const OTHER_PICTURES = new Set([
  '.heic',
  '.heif',
  '.avif',
  '.tif',
  '.tiff',
  '.gif',
  '.bmp',
  '.jxl',
]);
const LAYOUT =
  'it has to hold one folder per species with photographs in it, or train, val and test with such folders';

/**
 * Lists the photographs below `root` by their names; contents are not looked at. Names that begin with a dot
 * are passed over, links are followed. Throws StageError where there is no such folder or nothing in it.
 */
export async function listPhotographs(root: string): Promise<Listing> {
  await refuseNoFolder(root);
  const files = await walk(root, '', []);
  const folders = new Set(files.map((file) => file.path.split('/')[0] ?? ''));
  const isSplit = [...folders].every((name) => SPLIT_FOLDERS[name.toLowerCase()] !== undefined);
  const photographs: ListedPhotograph[] = [];
  let unsupported = 0;
  for (const { path, stats } of files) {
    const parts = path.split('/');
    const first = parts[0] ?? '';
    const species = isSplit ? parts[1] : first;
    // A picture that lies beside the species' folders has no species.
    if (species === undefined || parts.length < (isSplit ? 3 : 2)) continue;
    const extension = extname(path).toLowerCase();
    if (OTHER_PICTURES.has(extension)) unsupported += 1;
    if (!DECODED.has(extension)) continue;
    photographs.push({
      path,
      file: join(root, path),
      bytes: stats.size,
      modifiedMs: stats.mtimeMs,
      species,
      split: isSplit ? SPLIT_FOLDERS[first.toLowerCase()] : undefined,
    });
  }
  if (photographs.length === 0) {
    throw new StageError(`there is no JPEG, PNG or WebP photograph by species in ${root}`, LAYOUT);
  }
  return {
    photographs: photographs.sort((a, b) => (a.path < b.path ? -1 : 1)),
    unsupported,
  };
}

async function refuseNoFolder(root: string): Promise<void> {
  const stats = await statOrNothing(root);
  if (stats === undefined) {
    throw new StageError(
      `there is no folder ${root}`,
      'set data.path to the folder of photographs, relative to the project or absolute: data.path=../photos',
    );
  }
  if (!stats.isDirectory()) throw new StageError(`${root} is no folder`, LAYOUT);
}

interface WalkedFile {
  readonly path: string;
  readonly stats: Stats;
}

/** `ancestors` are the real paths above, so that a link to one of them is not followed for ever. */
async function walk(
  root: string,
  folder: string,
  ancestors: readonly string[],
): Promise<WalkedFile[]> {
  const here = await realpath(join(root, folder));
  if (ancestors.includes(here)) return [];
  const names = (await readdir(here)).filter((name) => !name.startsWith('.'));
  const nested = await Promise.all(
    names.map(async (name): Promise<WalkedFile[]> => {
      const path = folder === '' ? name : `${folder}/${name}`;
      const stats = await statOrNothing(join(root, path));
      if (stats?.isDirectory() === true) return walk(root, path, [...ancestors, here]);
      return stats?.isFile() === true ? [{ path, stats }] : [];
    }),
  );
  return nested.flat();
}

/** Undefined for what is not there, a link that leads nowhere included. */
async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
