import { err, ok } from '../../model/result.ts';
import type { Result } from '../../model/result.ts';

/** A part of a text: what stands there, or `${…}` for a value that takes its place. */
export type Piece =
  { readonly kind: 'text'; readonly text: string } | ({ readonly kind: 'value' } & Reference);

export interface Reference {
  /** As written, `${` and `}` included. */
  readonly source: string;
  /** Written `${raw:…}`: a command takes it as it is. */
  readonly raw: boolean;
  /** What names the value; has references itself in `${a.${b}}`. */
  readonly name: readonly Piece[];
}

export interface BadText {
  /** The part that cannot be read. */
  readonly source: string;
  readonly message: string;
}

export const hasTemplate = (text: string): boolean => text.includes('${');

/** Splits a text at its references. `\${` is `${` as text, as in DVC. */
export function parseText(text: string): Result<readonly Piece[], BadText> {
  if (!hasTemplate(text)) return ok([{ kind: 'text', text }]);
  const pieces: Piece[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    if (text.startsWith('\\${', at)) {
      literal += '${';
      at += 3;
    } else if (text.startsWith('${', at)) {
      const reference = parseReference(text, at);
      if (!reference.ok) return reference;
      if (literal !== '') pieces.push({ kind: 'text', text: literal });
      literal = '';
      pieces.push({ kind: 'value', ...reference.value });
      at += reference.value.source.length;
    } else {
      literal += text.charAt(at);
      at += 1;
    }
  }
  if (literal !== '' || pieces.length === 0) pieces.push({ kind: 'text', text: literal });
  return ok(pieces);
}

function parseReference(text: string, start: number): Result<Reference, BadText> {
  const end = closingBrace(text, start);
  if (end === undefined) {
    return err({
      source: text.slice(start),
      message: '`${` is never closed, or too deep; for the text itself write `\\${`',
    });
  }
  const source = text.slice(start, end);
  const [, raw, inner = ''] = /^\s*(raw:)?(.*)$/s.exec(source.slice(2, -1)) ?? [];
  const name = parseText(inner);
  if (!name.ok) return name;
  const isPlain = name.value.every(({ kind }) => kind === 'text');
  if (isPlain && stepsOf(inner) === undefined) {
    return err({ source, message: `\`${source}\` names nothing` });
  }
  return ok({ source, raw: raw !== undefined, name: name.value });
}

const DEEPEST = 20;

/** Behind the `}` that closes the `${` at `start`; undefined when none does. */
function closingBrace(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text.startsWith('${', at)) depth += 1;
    else if (text[at] === '}') depth -= 1;
    if (depth === 0) return at + 1;
    if (depth > DEEPEST) return undefined;
  }
  return undefined;
}

/** `a.b[0]` as `a`, `b`, `0`; undefined when it is no such name. White space around names is nothing. */
export function stepsOf(name: string): readonly string[] | undefined {
  if (!/^[^.[\]]+(\.[^.[\]]+|\[[^.[\]]+\])*$/.test(name)) return undefined;
  const steps = name.split(/[.[\]]+/).map((step) => step.trim());
  if (steps.at(-1) === '') steps.pop();
  return steps.includes('') ? undefined : steps;
}
