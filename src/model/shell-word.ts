/** A word as `sh` reads it back unchanged. */
export const shellWord = (word: string): string =>
  isPlainWord(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** True when `sh` reads the word as it is, inside quotes or not. */
export const isPlainWord = (word: string): boolean => /^[\w@%+=:,./-]+$/.test(word);
