/** Terminals take some 100,000 characters and drop a longer sequence whole. */
const LONGEST = 74_000;

/**
 * The control sequence that puts text on the clipboard of the terminal a person sits at, also
 * through ssh (OSC 52). Of a text that is too long the end, in whole lines.
 */
export function copySequence(text: string): string {
  let bytes = Buffer.from(text);
  if (bytes.length > LONGEST) {
    const end = bytes.subarray(-LONGEST);
    bytes = end.subarray(end.indexOf('\n') + 1);
  }
  return `\x1b]52;c;${bytes.toString('base64')}\x07`;
}
