import { isJsonObject } from '../model/json.ts';
import type { RunId } from '../model/names.ts';
import type { Held, Holder, Segment } from '../model/remote.ts';
import { err, ok, type Result } from '../model/result.ts';
import { digestOf, hexOf, isHolderName, isSegmentName } from './layout.ts';

/**
 * A segment of the index as text, one holder a line:
 *
 *   {"avian-index":1,
 *   "nonce":"<hex>",
 *   "supersedes":["index/<hex>.json"],
 *   "runs":["<hex>"],
 *   "holders":[
 *   ["packs/<nonce>.pack",<size>,["<hex>",<offset>,<length>,"<hex>",…]],
 *   ["blobs/ab/<hex>",<size>,["<hex>",0,<size>]]
 *   ]}
 *
 * The nonce keeps every segment's name new: one that was superseded and deleted stays so for its
 * readers, even if the same holders are named alone once more.
 */
export function encodeSegment({ supersedes, holders, runs }: Segment, nonce: string): string {
  const rows = holders.map(({ name, size, objects }) =>
    JSON.stringify([
      name,
      size,
      objects.flatMap(({ digest, offset, size: length }) => [hexOf(digest), offset, length]),
    ]),
  );
  return [
    '{"avian-index":1,',
    `"nonce":${JSON.stringify(nonce)},`,
    `"supersedes":${JSON.stringify(supersedes)},`,
    `"runs":${JSON.stringify(runs)},`,
    '"holders":[',
    rows.join(',\n'),
    ']}\n',
  ].join('\n');
}

/** Reads a segment that may come from anywhere; the reason when it is not what `encodeSegment` writes. */
export function decodeSegment(text: string): Result<Segment, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err('it is not JSON');
  }
  if (!isJsonObject(json)) return err('it is no index');
  if (json['avian-index'] !== 1) return err('its version is not known');
  const { supersedes, runs, holders } = json;
  if (!Array.isArray(supersedes) || !supersedes.every(isText) || !supersedes.every(isSegmentName)) {
    return err('what it supersedes are no segments');
  }
  if (!Array.isArray(runs) || !runs.every((run) => isText(run) && HEX.test(run))) {
    return err('its runs are no ids');
  }
  if (!Array.isArray(holders)) return err('its holders are no list');
  const decoded: Holder[] = [];
  for (const [index, row] of holders.entries()) {
    const holder = decodeHolder(row);
    if (holder === undefined) return err(`its holder ${index + 1} of ${holders.length} cannot be`);
    decoded.push(holder);
  }
  return ok({ supersedes, runs: runs as RunId[], holders: decoded });
}

const HEX = /^[0-9a-f]{64}$/;
const isText = (value: unknown): value is string => typeof value === 'string';
const isAmount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** Undefined where a name is none, or an object would lie outside of its holder. */
function decodeHolder(row: unknown): Holder | undefined {
  if (!Array.isArray(row) || row.length !== 3) return undefined;
  const [name, size, triples] = row as unknown[];
  if (!isText(name) || !isHolderName(name) || !isAmount(size)) return undefined;
  const objects = Array.isArray(triples) ? decodeRows(triples, size) : undefined;
  return objects === undefined ? undefined : { name, size, objects };
}

/** `hex, offset, length` of each object of a holder; undefined where one would lie outside of it. */
export function decodeRows(triples: readonly unknown[], size: number): readonly Held[] | undefined {
  if (triples.length % 3 !== 0) return undefined;
  const objects: Held[] = [];
  for (let at = 0; at < triples.length; at += 3) {
    const [hex, offset, length] = triples.slice(at, at + 3);
    if (!isText(hex) || !HEX.test(hex) || !isAmount(offset) || !isAmount(length)) return undefined;
    if (offset + length > size) return undefined;
    objects.push({ digest: digestOf(hex), offset, size: length });
  }
  return objects;
}
