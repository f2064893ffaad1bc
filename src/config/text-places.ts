import type { Span } from '../model/diagnostic.ts';

/** Where a diagnostic points, ready to be spread into one. */
export interface Place {
  readonly span: Span;
  readonly excerpt: string;
  /** What else there is to say about the place, such as what its template became. */
  readonly also?: readonly { readonly span: Span; readonly message?: string }[];
}

/**
 * Turns offsets of one text into places. The parser's own count of lines is not used: after some
 * syntax errors it misses a few.
 */
export class TextPlaces {
  readonly #file: string;
  readonly #text: string;
  #starts: readonly number[] | undefined;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  /** From `start` to `end`, or to the end of the line that `start` is on. */
  at(start: number, end: number): Place {
    const offset = Math.min(start, this.#text.length);
    this.#starts ??= lineStarts(this.#text);
    const line = lastAtMost(this.#starts, offset);
    const lineStart = this.#starts[line] ?? 0;
    const excerpt = this.#text.slice(lineStart, this.#starts[line + 1]).replace(/\r?\n$/, '');
    // A carriage return before the end of a line is not shown, so nothing points behind it.
    const column = Math.min(offset - lineStart, excerpt.length) + 1;
    const length = Math.max(1, Math.min(end - offset, excerpt.length - column + 1));
    return { span: { file: this.#file, line: line + 1, column, length }, excerpt };
  }

  firstLine(): Place {
    return this.at(0, Infinity);
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) {
    starts.push(end + 1);
  }
  return starts;
}

/** Index of the last number that is at most `limit`; the first one always is. */
function lastAtMost(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] ?? Infinity) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
