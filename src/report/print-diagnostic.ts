import type { Diagnostic, Problem, Span } from '../model/diagnostic.ts';
import { oneLine } from './describe.ts';
import { displayWidth, truncate } from './display-width.ts';
import type { Style } from './style.ts';

/**
 * A diagnostic as a person reads it: what happened, where, what next. Ends with a line feed.
 *
 *     error[pipeline/two-producers]: `artifacts/model` is written by both `train` and `finetune`
 *       pipeline.yaml:14:9
 *          14 |       - artifacts/model
 *             |         ~~~~~~~~~~~~~~~
 *       also pipeline.yaml:22:9
 *     hint: give one of them another path
 *
 * @param width columns of the terminal; the excerpt is cut around the underlined part to fit.
 */
export function printDiagnostic(diagnostic: Diagnostic, style: Style, width = 100): string {
  const { severity, code, message, span, excerpt, also, hint } = diagnostic;
  const paint = severity === 'error' ? style.bad : style.warn;
  const lines = [`${paint(`${severity}[${code}]`)}: ${style.strong(multiLine(message))}`];
  if (span !== undefined) {
    lines.push(`  ${place(span, style)}`);
    if (excerpt !== undefined) lines.push(...excerptLines(span, excerpt, style, paint, width));
  }
  for (const other of also ?? []) {
    const why = other.message === undefined ? '' : `: ${oneLine(other.message)}`;
    lines.push(`  also ${place(other.span, style)}${why}`);
  }
  if (hint !== undefined) lines.push(`${style.info('hint')}: ${multiLine(hint)}`);
  return `${lines.join('\n')}\n`;
}

/** All diagnostics of a problem, errors last so that they stand where the reader's eye is. */
export function printProblem(problem: Problem, style: Style, width = 100): string {
  const inOrder = [
    ...problem.diagnostics.filter(({ severity }) => severity === 'warning'),
    ...problem.diagnostics.filter(({ severity }) => severity === 'error'),
  ];
  return inOrder.map((diagnostic) => printDiagnostic(diagnostic, style, width)).join('\n');
}

/** As compilers write it: a click opens it. */
const place = ({ file, line, column }: Span, style: Style): string =>
  `${oneLine(style.fileName(file))}:${line}:${column}`;

/** A message may hold a list: its further lines are indented below the first. */
const multiLine = (text: string): string => text.split('\n').map(cleanLine).join('\n  ');

const cleanLine = (line: string): string => `${/^ */.exec(line)?.[0] ?? ''}${oneLine(line)}`;

const TAB = '    ';

function excerptLines(
  span: Span,
  excerpt: string,
  style: Style,
  paint: (text: string) => string,
  width: number,
): readonly string[] {
  const column = Math.min(Math.max(span.column - 1, 0), excerpt.length);
  const end = Math.min(column + Math.max(span.length, 1), Math.max(excerpt.length, column + 1));
  let before = shown(excerpt.slice(0, column));
  let marked = shown(excerpt.slice(column, end));
  let after = shown(excerpt.slice(end));
  const gutter = String(span.line).padStart(7);
  const room = Math.max(20, width - gutter.length - 3);

  marked = truncate(marked, room - 2, style.glyphs.ellipsis);
  const lead = room - displayWidth(marked) - 1;
  if (displayWidth(before) > lead) before = tail(before, lead, style.glyphs.ellipsis);
  after = truncate(after, room - displayWidth(before + marked), style.glyphs.ellipsis);

  const underline =
    ' '.repeat(displayWidth(before)) + paint('~'.repeat(Math.max(1, displayWidth(marked))));
  return [
    `${style.faint(`${gutter} |`)} ${`${before}${marked}${after}`.trimEnd()}`,
    `${style.faint(`${' '.repeat(gutter.length)} |`)} ${underline}`,
  ];
}

/** Tabs as four columns, other control characters as a question mark, so that widths are known. */
const shown = (text: string): string =>
  text.replaceAll('\t', TAB).replace(/[\x00-\x1f\x7f-\x9f]/g, '?');

/** The last columns of `text`, what was cut marked at its front. */
function tail(text: string, width: number, mark: string): string {
  let kept = '';
  for (const char of Array.from(text).reverse()) {
    if (displayWidth(mark + char + kept) > width) break;
    kept = char + kept;
  }
  return mark + kept;
}
