import { assembleLines, readable } from '../report/child-output.ts';

/**
 * The end of what a stage printed, as much as a person scrolls through; all of it lies in the log's
 * file. Values: a log that got more lines is another log.
 */
export interface Log {
  readonly lines: readonly string[];
  /** Lines before `lines[0]` that were let go of; `dropped + lines.length` were seen in all. */
  readonly dropped: number;
  /** UTF-16 units of `lines`. */
  readonly size: number;
  /** What each stream sent since its last line feed, as it came. */
  readonly rest: { readonly stdout: string; readonly stderr: string };
}

export const EMPTY_LOG: Log = {
  lines: [],
  dropped: 0,
  size: 0,
  rest: { stdout: '', stderr: '' },
};

export const LOG_LINES = 5000;
/** Of one stage: 5,000 lines of 200 units. */
export const LOG_UNITS = 1_000_000;
/** A longer line is cut: a terminal of 300 x 100 shows 30,000 units, and nobody scrolls through one line. */
export const LINE_UNITS = 4000;

/** Takes in what a stream sent. */
export function appendChunk(log: Log, stream: 'stdout' | 'stderr', chunk: string): Log {
  const { lines, rest } = assembleLines(log.rest[stream], chunk);
  return appendRaw({ ...log, rest: { ...log.rest, [stream]: rest } }, lines);
}

/** The stage has ended: what it printed without ending the line is a line too. */
export function endLog(log: Log): Log {
  const last = [log.rest.stdout, log.rest.stderr].filter((rest) => readable(rest) !== '');
  return appendRaw({ ...log, rest: EMPTY_LOG.rest }, last);
}

/** What stands on the unfinished last line, such as a progress bar; `''` for nothing. */
export const unfinished = (log: Log): string =>
  readable(log.rest.stdout) || readable(log.rest.stderr);

/** Only the last lines, for a stage that nobody looks at any more. */
export function shortenLog(log: Log, lines: number): Log {
  if (log.lines.length <= lines) return log;
  const kept = log.lines.slice(-lines);
  return {
    ...log,
    lines: kept,
    dropped: log.dropped + log.lines.length - kept.length,
    size: sizeOf(kept),
  };
}

function appendRaw(log: Log, raw: readonly string[]): Log {
  if (raw.length === 0) return log;
  // What will not be kept is not even cleaned: 100,000 lines a second are mostly that.
  const added = raw.slice(-LOG_LINES).map(cleaned);
  const all = [...log.lines, ...added];
  let size = log.size + sizeOf(added);
  let first = Math.max(0, all.length - LOG_LINES);
  for (const line of all.slice(0, first)) size -= line.length;
  while (size > LOG_UNITS && first < all.length - 1) {
    size -= all[first]?.length ?? 0;
    first += 1;
  }
  const dropped = log.dropped + log.lines.length + raw.length - (all.length - first);
  return { ...log, lines: first === 0 ? all : all.slice(first), dropped, size };
}

function cleaned(raw: string): string {
  const line = readable(raw).replaceAll('\t', '    ');
  // Through an array: a slice of a long text would hold all of that text in memory.
  return line.length <= LINE_UNITS ? line : `${Array.from(line.slice(0, LINE_UNITS)).join('')}…`;
}

const sizeOf = (lines: readonly string[]): number =>
  lines.reduce((sum, { length }) => sum + length, 0);
