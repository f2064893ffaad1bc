import type { ArtifactRef } from '../model/artifact.ts';
import { canonicalJson, isJsonObject, type JsonValue } from '../model/json.ts';
import { parseDigest, type RunId } from '../model/names.ts';
import type { Root } from '../model/remote.ts';

/** A root is named by what it keeps, not by who wrote it when: pushing the same again needs no second one. */
export const rootId = (
  { commit, refs, runs }: Pick<Root, 'commit' | 'refs' | 'runs'>,
  hash: (text: string) => string,
): string => hash(canonicalJson({ commit, refs, runs }));

export const encodeRoot = (root: Root): string =>
  `${canonicalJson({ 'avian-root': 1, ...root })}\n`;

/** Reads a root that may come from anywhere; undefined for what is none. */
export function decodeRoot(text: string): Root | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(json) || json['avian-root'] !== 1) return undefined;
  const { commit, refs, runs, by, at, avian } = json;
  if (!isText(by) || !isText(at) || !isText(avian)) return undefined;
  if (commit !== undefined && !isText(commit)) return undefined;
  if (!Array.isArray(runs) || !runs.every((run) => isText(run) && HEX.test(run))) return undefined;
  if (!Array.isArray(refs)) return undefined;
  const decoded: Root['refs'][number][] = [];
  for (const each of refs) {
    const ref = isJsonObject(each) && isText(each['path']) ? decodeRef(each['ref']) : undefined;
    if (ref === undefined || !isJsonObject(each)) return undefined;
    decoded.push({ path: each['path'] as string, ref });
  }
  return {
    ...(commit !== undefined && { commit }),
    ...{ refs: decoded, runs: runs as RunId[], by, at, avian },
  };
}

function decodeRef(value: JsonValue | undefined): ArtifactRef | undefined {
  if (!isJsonObject(value)) return undefined;
  const { digest, size, files, executable } = value;
  const parsed = isText(digest) ? parseDigest(digest) : undefined;
  if (parsed === undefined || !isAmount(size)) return undefined;
  if (files !== undefined && !isAmount(files)) return undefined;
  return {
    ...{ digest: parsed, size },
    ...(files !== undefined && { files }),
    ...(executable === true && { executable }),
  };
}

const HEX = /^[0-9a-f]{64}$/;
const isText = (value: unknown): value is string => typeof value === 'string';
const isAmount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
