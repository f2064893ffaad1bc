import type { Node, Pair } from 'yaml';

/** A part of a text and what takes its place. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export function splice(text: string, splices: readonly Splice[]): string {
  let edited = text;
  for (const { start, end, text: part } of [...splices].sort((a, b) => b.start - a.start)) {
    edited = edited.slice(0, start) + part + edited.slice(end);
  }
  return edited;
}

export function rangeOf(node: Node): { readonly start: number; readonly end: number } {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}

/**
 * Where the line after a pair begins, with the comment that stands behind it. By its innermost last
 * value: what the parser calls the end of a block counts comments below it in, wherever they stand.
 */
export function endOfPair(text: string, pair: Pair): number {
  const node = lastNode(pair.value) ?? lastNode(pair.key);
  const end = node?.range?.[2] ?? 0;
  if (text[end - 1] === '\n') return end;
  const next = text.indexOf('\n', end);
  return next < 0 ? text.length : next + 1;
}

function lastNode(value: unknown): Node | undefined {
  let node = value as BlockNode | null | undefined;
  for (;;) {
    if (node?.items === undefined || node.flow === true) return node ?? undefined;
    const last: unknown = node.items.at(-1);
    if (last === undefined) return node;
    const { key, value: inner } = last as Partial<Pair<BlockNode, BlockNode | null>>;
    node = key === undefined ? (last as BlockNode) : (inner ?? key);
  }
}

/** A scalar, or a collection with its items; a pair is an item too. */
type BlockNode = Node & { readonly items?: readonly unknown[]; readonly flow?: boolean };

export const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;
export const columnOf = (text: string, at: number): number => at - lineStart(text, at);

/** The line that begins at `at`, with its end. */
export function lineAt(text: string, at: number): string {
  const next = text.indexOf('\n', at);
  return text.slice(at, next < 0 ? text.length : next + 1);
}

export function lineAbove(
  text: string,
  start: number,
): { readonly start: number; readonly line: string } | undefined {
  if (start === 0) return undefined;
  const above = lineStart(text, start - 1);
  return { start: above, line: text.slice(above, start - 1) };
}

/** A text in the quotes that the scalar in its place has. */
export function requoted(text: string, scalar: Node, value: string): string {
  const { start } = rangeOf(scalar);
  const quote = text[start];
  if (quote === '"') return JSON.stringify(value);
  if (quote === "'") return `'${value.replaceAll("'", "''")}'`;
  // Plain, where YAML takes these characters for nothing else.
  return /^[A-Za-z0-9_./@-][\w./@ -]*$/.test(value) &&
    !/[ -]$|^[-.]?\d|^(true|false|null|yes|no)$/i.test(value)
    ? value
    : JSON.stringify(value);
}
