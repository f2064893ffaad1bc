import * as fs from 'node:fs';
import {
  CACHE_PARTS,
  type CachePart,
  type Leftover,
  type Usage,
} from '../../ports/object-store.ts';
import { listFolder } from '../workspace/discard.ts';

const LEFTOVER_FOLDERS: readonly (readonly [Leftover['kind'], string])[] = [
  ['failed', 'failed'],
  ['replaced', 'replaced'],
  ['corrupt', 'corrupt'],
  ['partial', 'downloads'],
  ['partial', 'incoming'],
];
/** The object cache itself, whose objects are counted one by one. */
const COUNTED_ELSEWHERE = new Set(['objects', 'trash']);

/** Each folder of `tmp/failed` and `tmp/replaced`, each object in `tmp/corrupt`, each part of a download or pull. */
export function findLeftovers(cache: string): readonly Leftover[] {
  return LEFTOVER_FOLDERS.flatMap(([kind, folder]) =>
    listFolder(`${cache}/tmp/${folder}`).flatMap((name): Leftover[] => {
      const place = `tmp/${folder}/${name}`;
      const stat = fs.lstatSync(`${cache}/${place}`, { throwIfNoEntry: false });
      // The time of the move: what was moved keeps the time of its last change.
      return stat === undefined
        ? []
        : [
            {
              kind,
              place,
              ...usageOf(`${cache}/${place}`),
              at: touchedAt(`${cache}/${place}`, stat),
            },
          ];
    }),
  );
}

/** The note beside a part of a download is as young as the part: neither is of use alone. */
function touchedAt(path: string, { ctimeMs }: fs.Stats): number {
  const part = path.replace(/\.json(?:\.new)?$/, '.part');
  return Math.max(ctimeMs, fs.lstatSync(part, { throwIfNoEntry: false })?.ctimeMs ?? 0);
}

/** What lies in the cache beside objects and trash, by part. */
export function measure(cache: string): { readonly [part in CachePart]: Usage } {
  const usage = new Map<CachePart, Usage>(CACHE_PARTS.map((part) => [part, NOTHING]));
  const add = (part: CachePart, more: Usage): void => {
    usage.set(part, plus(usage.get(part) ?? NOTHING, more));
  };
  for (const name of listFolder(cache)) {
    if (COUNTED_ELSEWHERE.has(name)) continue;
    if (name !== 'tmp') add(partOf(name), usageOf(`${cache}/${name}`));
  }
  for (const name of listFolder(`${cache}/tmp`)) add(partOf(name), usageOf(`${cache}/tmp/${name}`));
  return Object.fromEntries(usage) as { [part in CachePart]: Usage };
}

const partOf = (name: string): CachePart =>
  CACHE_PARTS.find((part) => part === name && part !== 'other') ?? 'other';

const NOTHING: Usage = { files: 0, bytes: 0 };
const plus = (a: Usage, b: Usage): Usage => ({
  files: a.files + b.files,
  bytes: a.bytes + b.bytes,
});

/** Files and their sizes, of a file or of everything below a directory; links are not followed. */
export function usageOf(path: string): Usage {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return NOTHING;
  if (!stat.isDirectory()) return { files: 1, bytes: stat.size };
  return listFolder(path).reduce((sum, name) => plus(sum, usageOf(`${path}/${name}`)), NOTHING);
}
