import { canonicalJson } from '../model/json.ts';
import type { Root } from '../model/remote.ts';

/** A root is named by what it keeps, not by who wrote it when: pushing the same again needs no second one. */
export const rootId = (
  { commit, refs, runs }: Pick<Root, 'commit' | 'refs' | 'runs'>,
  hash: (text: string) => string,
): string => hash(canonicalJson({ commit, refs, runs }));

export const encodeRoot = (root: Root): string =>
  `${canonicalJson({ 'avian-root': 1, ...root })}\n`;
