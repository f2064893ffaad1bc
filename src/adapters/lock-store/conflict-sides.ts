import type { ConflictSides } from '../../ports/lock-store.ts';

/** The first of git's conflict markers in a text: where it stands, and its line. */
export const firstMarker = (text: string): RegExpExecArray | null =>
  /^(?:<{7,} .*|={7,}|>{7,} .*|\|{7,} .*)\r?$/m.exec(text);

type Part = 'both' | 'ours' | 'base' | 'theirs';

/**
 * Takes a text that git left with conflict markers apart again. Undefined when there are none, or
 * when they are not in git's order: then nobody can say which line belongs to which side.
 */
export function sidesOf(text: string): ConflictSides | undefined {
  if (firstMarker(text) === null) return undefined;
  const lines = { ours: [] as string[], base: [] as string[], theirs: [] as string[] };
  let part: Part = 'both';
  let hasBase = true;
  for (const line of text.split('\n')) {
    const marker = /^([<|=>])\1{6,}(?: .*)?\r?$/.exec(line)?.[1];
    if (marker === undefined) {
      if (part === 'both' || part === 'ours') lines.ours.push(line);
      if (part === 'both' || part === 'base') lines.base.push(line);
      if (part === 'both' || part === 'theirs') lines.theirs.push(line);
      continue;
    }
    const next: Part | undefined = AFTER[part][marker];
    if (next === undefined) return undefined;
    // Straight from ours to theirs: this style does not tell the base.
    if (part === 'ours' && next === 'theirs') hasBase = false;
    part = next;
  }
  if (part !== 'both') return undefined;
  return {
    ...(hasBase && { base: lines.base.join('\n') }),
    ours: lines.ours.join('\n'),
    theirs: lines.theirs.join('\n'),
  };
}

const AFTER: { readonly [part in Part]: { readonly [marker: string]: Part } } = {
  both: { '<': 'ours' },
  ours: { '|': 'base', '=': 'theirs' },
  base: { '=': 'theirs' },
  theirs: { '>': 'both' },
};
