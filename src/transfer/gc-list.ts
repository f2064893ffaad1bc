import { canonicalJson, isJsonObject } from '../model/json.ts';

/**
 * What a gc condemned: names that nobody may rely on any more, whatever happens. After a grace what is
 * still needed of them is copied elsewhere, the list is replaced by one that is `final`, and then
 * they are deleted. The final list stays for another grace, so that whoever looked before sees it.
 */
export interface GcList {
  /** ISO 8601, UTC: when it was written. */
  readonly at: string;
  readonly by: string;
  readonly final: boolean;
  /** Sorted: roots, packs and blobs. */
  readonly condemned: readonly string[];
}

export const encodeGcList = (list: GcList): string =>
  `${canonicalJson({ 'avian-gc': 1, ...list })}\n`;

/** Undefined for what is no such list. */
export function decodeGcList(text: string): GcList | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(json) || json['avian-gc'] !== 1) return undefined;
  const { at, by, final, condemned } = json;
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at)) || typeof by !== 'string') {
    return undefined;
  }
  if (!Array.isArray(condemned) || !condemned.every((name) => typeof name === 'string')) {
    return undefined;
  }
  return { at, by, final: final === true, condemned };
}
