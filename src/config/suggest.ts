import { closest } from '../model/did-you-mean.ts';

/** `did you mean "deps"?`, or the candidates when there are few, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const near = closest(word, candidates);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (candidates.length === 0 || candidates.length > 12) return undefined;
  return `there ${candidates.length === 1 ? 'is' : 'are'}: ${candidates.join(', ')}`;
}
