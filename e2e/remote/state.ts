import * as fs from 'node:fs';
import { join } from 'node:path';
import type { FaultProxy, Passed } from '../../src/testing/fault-proxy.ts';
import { leftovers, wrongObjects } from '../faults/fault-rig.ts';
import { picture } from '../faults/project.ts';
import type { Bed, Clone, Stored } from './bed.ts';

/** Data and outs of a clone, a line a file. */
export const pictureOf = ({ root }: Pick<Clone, 'root'>): readonly string[] =>
  picture(root, ['data', 'count']);

/** True when each tracked path is there whole, or not at all. */
export function isAllOrNothing(found: readonly string[], right: readonly string[]): boolean {
  const data = (lines: readonly string[]): number =>
    lines.filter((line) => line.startsWith('data/')).length;
  return (
    found.every((line) => right.includes(line)) &&
    (data(found) === 0 || data(found) === data(right))
  );
}

/** Objects of the cache whose bytes are not what their names say, and what a run has to sweep. */
export const faultsOfCache = ({ root }: Pick<Clone, 'root'>): readonly string[] => [
  ...wrongObjects(root),
  ...leftovers(root, ['incoming', 'objects', 'restore', 'discard']),
];

/** Bytes of the cache's objects, and of what came of those that are not whole. */
export function bytesInCache({ root }: Pick<Clone, 'root'>): number {
  const folders = ['objects', 'tmp/incoming'].map((each) => join(root, 'cache/v1', each));
  return folders
    .flatMap((folder) =>
      (fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true }) : []).map((name) =>
        join(folder, String(name)),
      ),
    )
    .filter((path) => !path.endsWith('.there'))
    .reduce((sum, path) => sum + bytesAt(path), 0);
}

/** Of a file with gaps only what is noted to be there. */
function bytesAt(path: string): number {
  const stat = fs.lstatSync(path);
  if (!stat.isFile()) return 0;
  if (!fs.existsSync(`${path}.there`)) return stat.size;
  const noted = fs.readFileSync(`${path}.there`, 'utf8').split('\n').at(-2) ?? '[]';
  const spans = JSON.parse(noted) as readonly (readonly [number, number])[];
  return spans.reduce((sum, [from, to]) => sum + (to - from), 0);
}

/** What one push left, for the next one to be held against. */
export interface Halfway {
  readonly stored: readonly Stored[];
  /** The most bytes of a body that came for an object that is not stored. */
  readonly underWay: ReadonlyMap<string, number>;
}

export async function halfway(bed: Bed, remote: string, { passed }: FaultProxy): Promise<Halfway> {
  const stored = await bed.stored(remote);
  const names = new Set(stored.map(({ name }) => name));
  const underWay = new Map<string, number>();
  for (const { name, sent, method } of passed) {
    if (method !== 'PUT' || name === undefined || names.has(name)) continue;
    underWay.set(name, Math.max(underWay.get(name) ?? 0, sent));
  }
  return { stored, underWay };
}

const CHUNK = 8 * 1024 * 1024;

/** What two pulls read of one large object beyond its size: at most one chunk. */
export function readAgain(stored: readonly Stored[], passed: readonly Passed[]): readonly string[] {
  return stored.flatMap(({ name, size }) => {
    if (!name.includes('/blobs/')) return [];
    const received = passed
      .filter((each) => each.name === name)
      .reduce((sum, each) => sum + each.received, 0);
    return received > size + CHUNK ? [`${received} bytes of ${name}, which has ${size}`] : [];
  });
}

/** What a second push sent although it had come before: nothing stored, of the rest at most one chunk. */
export function sentAgain(
  { stored, underWay }: Halfway,
  after: readonly Stored[],
  passed: readonly Passed[],
): readonly string[] {
  const sent = new Map<string, number>();
  for (const { name, sent: bytes, method } of passed) {
    if (name === undefined || (method !== 'PUT' && method !== 'POST')) continue;
    sent.set(name, (sent.get(name) ?? 0) + bytes);
  }
  const faults: string[] = [];
  for (const { name } of stored) {
    const bytes = sent.get(name) ?? 0;
    if (bytes > 0) faults.push(`${bytes} bytes of ${name}, which is there`);
  }
  for (const [name, before] of underWay) {
    const size = after.find((each) => each.name === name)?.size;
    const bytes = sent.get(name) ?? 0;
    if (size !== undefined && bytes > size - before + CHUNK) {
      faults.push(`${bytes} bytes of ${name}, of whose ${size} had come ${before}`);
    }
  }
  return faults;
}
