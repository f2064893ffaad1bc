/**
 * Every control sequence of a terminal, 7 and 8 bit: CSI; OSC and the other strings with or without
 * their end; two-character escapes; then any control character but tab. A child's output is text
 * from a stranger: it may not move the cursor, set titles or write the clipboard.
 */
const CONTROL =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b\]|\x9d|\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** What begins a control sequence, or is a control character other than tab and line feed. */
const SUSPECT = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

/** Text as it would be read: without control sequences; of a line redrawn by CR its last state. */
export function readable(line: string): string {
  // Most lines: a flood of them costs a tenth.
  if (!SUSPECT.test(line)) return line;
  const states = line.split('\r').map((state) => state.replace(CONTROL, ''));
  return states.findLast((state) => state.trim() !== '') ?? states.at(-1) ?? '';
}

/** A line longer than this many UTF-16 units is given in pieces, so that memory stays bounded. */
const LONGEST = 64 * 1024;

/** Makes lines of chunks, one instance per stage and stream. */
export interface LineAssembler {
  /** Lines that ended within this chunk, without their line feeds, readable. */
  push(chunk: string): readonly string[];
  /** What has come since the last line feed, readable: where a progress bar is now. */
  partial(): string;
  /** Ends the stream: gives the unfinished line, if any. */
  end(): readonly string[];
}

export function createLineAssembler(): LineAssembler {
  let rest = '';
  return {
    push(chunk) {
      const assembled = assembleLines(rest, chunk);
      rest = assembled.rest;
      return assembled.lines.map(readable);
    },
    partial: () => readable(rest),
    end() {
      const line = readable(rest);
      rest = '';
      return line === '' ? [] : [line];
    },
  };
}

/** The lines that end within `chunk`, `rest` of an earlier one before them, and what is left; as they came. */
export function assembleLines(
  rest: string,
  chunk: string,
): { readonly lines: readonly string[]; readonly rest: string } {
  const lines = (rest + chunk).split('\n');
  const left = lines.pop() ?? '';
  if (left.length <= LONGEST) return { lines, rest: left };
  return { rest: shortened(left, lines), lines };
}

/** A progress bar that never ends its line keeps only its last two states; other text is a line. */
function shortened(rest: string, lines: string[]): string {
  const last = rest.slice(0, -1).lastIndexOf('\r');
  if (last > 0) {
    const kept = rest.slice(rest.lastIndexOf('\r', last - 1) + 1);
    if (kept.length <= LONGEST) return kept;
  }
  lines.push(rest);
  return '';
}
