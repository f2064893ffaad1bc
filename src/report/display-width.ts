/** Characters that a terminal draws two columns wide: East Asian wide and full width, emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** Characters that take no column: combining marks, joiners, variation selectors. */
const NARROW = /[\p{M}\p{Cf}]/u;
const PLAIN = /^[\x20-\x7e]*$/;

/** Columns that `text`, without control sequences and tabs, takes in a terminal. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += columnsOf(char);
  return width;
}

const columnsOf = (char: string): number => (NARROW.test(char) ? 0 : WIDE.test(char) ? 2 : 1);

/** At most `width` columns of `text`; what was cut is marked by `mark`. */
export function truncate(text: string, width: number, mark: string): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(mark);
  let kept = '';
  let used = 0;
  for (const char of text) {
    used += columnsOf(char);
    if (used > room) break;
    kept += char;
  }
  return room < 0 ? '' : kept + mark;
}

/** Pads with spaces to `width` columns; longer text stays as it is. */
export const padTo = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - displayWidth(text)));
