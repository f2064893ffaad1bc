/** The source for photographs that lie on this machine, one folder per species, inside the project or not. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Params } from '../../vision/params.ts';
import { StageError } from '../../vision/stage-error.ts';
import { importPhotographs } from '../photographs/import.ts';
import type { Shares } from '../photographs/splits.ts';
import type { FetchContext, Fetched, Source } from '../source.ts';
import { listPhotographs, type ListedPhotograph } from './listing.ts';
import { fileMark } from './file-mark.ts';
import { mapConcurrently } from '../../vision/concurrency.ts';

async function fetchFolder(data: Params, context: FetchContext): Promise<Fetched> {
  const size = data.integer('size', { min: 16, max: 4096 });
  const shares = readShares(data);
  const unreadable = data.choice('unreadable', ['skip', 'fail']);
  const licence = data.text('licence');
  const { photographs, unsupported } = await listPhotographs(resolve(data.text('path')));
  const candidates = photographs.map((photograph) => ({
    file: photograph.file,
    species: photograph.species,
    name: nameOf(photograph),
    split: photograph.split,
    licence,
    // Relative, so that the manifest is the same wherever the folder lies.
    origin: photograph.path,
  }));
  const { images, skipped } = await importPhotographs(
    candidates,
    { size, shares, unreadable },
    context,
  );
  return {
    images,
    skipped: { ...skipped, ...(unsupported > 0 ? { 'format is not decoded': unsupported } : {}) },
  };
}

/** `duck/pond/a b.JPG` -> `pond-a b`: its place below the species, as one name. */
function nameOf({ path, split }: ListedPhotograph): string {
  const below = path.split('/').slice(split === undefined ? 1 : 2);
  return below.join('-').replace(/\.[^.]*$/, '');
}

function readShares(data: Params): Shares {
  const range = { min: 0, max: 1 };
  const shares = {
    train: data.number('split.train', range),
    val: data.number('split.val', range),
    test: data.number('split.test', range),
  };
  const sum = shares.train + shares.val + shares.test;
  if (Math.abs(sum - 1) > 1e-6 || shares.train === 0) {
    throw new StageError(
      `data.split adds up to ${Number(sum.toFixed(6))}, train being ${shares.train}`,
      'the three shares have to add up to 1, and training needs some: {train: 0.7, val: 0.15, test: 0.15}',
    );
  }
  return shares;
}

const FILES_AT_ONCE = 32;

/** Path, size and content of every photograph in one digest; a new time stamp alone changes nothing (but see fileMark). */
async function probeFolder(data: Params): Promise<string> {
  const { photographs } = await listPhotographs(resolve(data.text('path')));
  const marks = await mapConcurrently(photographs, FILES_AT_ONCE, fileMark);
  const hash = createHash('sha256');
  for (const [index, photograph] of photographs.entries()) {
    hash.update(`${JSON.stringify([photograph.path, photograph.bytes, marks[index]])}\n`);
  }
  return `folder ${photographs.length} photographs sha256:${hash.digest('hex')}`;
}

export const folder: Source = { fetch: fetchFolder, probe: probeFolder };
