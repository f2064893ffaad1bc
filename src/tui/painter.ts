/** Draws frames on a whole terminal: of each only what differs from the one before. */
export interface Painter {
  /** Lines from the top, none wider than the terminal, and fewer than it has. */
  readonly paint: (lines: readonly string[]) => void;
  /** Whatever the terminal holds, the next frame is drawn whole. */
  readonly forget: () => void;
}

/** Terminals that know of it show all of a frame at once; the others ignore it. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';
/** From the first line down, and nothing above it: the scrollback stays. */
const ERASED = '\x1b[H\x1b[J';

/**
 * Every line is put where it belongs, not after the one before, so that a terminal that moved or
 * dropped lines is wrong for one frame at the most.
 */
export function createPainter(write: (text: string) => unknown): Painter {
  let shown: readonly string[] | undefined;
  return {
    paint(lines) {
      const before = shown ?? [];
      const erased = shown === undefined ? ERASED : '';
      shown = lines;
      const changes = Array.from({ length: Math.max(lines.length, before.length) }, (_, at) => {
        const line = lines[at] ?? '';
        // Erased first: behind a line that fills the terminal the cursor stands on its last character.
        return line === (before[at] ?? '') ? '' : `\x1b[${at + 1};1H\x1b[2K${line}`;
      }).join('');
      if (erased !== '' || changes !== '') write(`${BEGIN}${erased}${changes}${END}`);
    },
    forget() {
      shown = undefined;
    },
  };
}
