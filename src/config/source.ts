import type { Document, LineCounter, Node } from 'yaml';
import type { Diagnostic, Span } from '../model/diagnostic.ts';
import { isJsonObject } from '../model/json.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Code } from './codes.ts';
import type { Yaml } from './yaml.ts';

/** A way into a value: keys of mappings, positions in lists. */
export type ValuePath = readonly (string | number)[];

/** Where a diagnostic points, ready to be spread into one. */
export interface Place {
  readonly span: Span;
  readonly excerpt: string;
}

/** Finds the places in a text that a value came from. */
export interface Locator {
  /** The value at `path`, or the nearest value around it. */
  value(path: ValuePath): Place;
  /** The key that leads to the value at `path`; the value itself in a list. */
  key(path: ValuePath): Place;
}

/** A parsed file whose values remember where they stand. */
export interface Source {
  readonly file: string;
  /** Null for a file without content. */
  readonly value: JsonValue;
  readonly at: Locator;
}

export interface Parsed {
  /** Absent when the text says nothing reliable. */
  readonly source?: Source;
  readonly diagnostics: readonly Diagnostic[];
}

/** For a part of a file: paths start at `prefix`. */
export const within = (at: Locator, prefix: ValuePath): Locator => ({
  value: (path) => at.value([...prefix, ...path]),
  key: (path) => at.key([...prefix, ...path]),
});

export const diagnose = (
  code: Code,
  message: string,
  place?: Place,
  hint?: string,
): Diagnostic => ({
  severity: 'error',
  code,
  message,
  ...place,
  ...(hint !== undefined && { hint }),
});

// One slip can derail a parser for the rest of the file; what it says then helps nobody.
const MAX_SYNTAX_ERRORS = 5;
// Aliases of aliases grow exponentially ("billion laughs").
const MAX_ALIASES = 100;

/** Parses YAML 1.2, and so JSON, with `<<` merges. Everything found wrong is reported at once. */
export function parseSource(yaml: Yaml, file: string, text: string): Parsed {
  try {
    return parse(yaml, file, text);
  } catch (error) {
    // The parser recurses: some thousand brackets in a row overflow the stack.
    if (!(error instanceof RangeError)) throw error;
    const place = new TextPlaces(file, text, new yaml.LineCounter()).firstLine();
    return { diagnostics: [diagnose('yaml/syntax', 'nested too deeply', place)] };
  }
}

function parse(yaml: Yaml, file: string, text: string): Parsed {
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    keepSourceTokens: false,
    merge: true,
    // `!!set`, `!!binary` and the like become what JSON does not have; unresolved, they are named.
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const places = new TextPlaces(file, text, lines);
  const isTooDeep = document.errors.some(({ message }) => /call stack/.test(message));
  if (isTooDeep) throw new RangeError('nested too deeply');
  const syntax = [...document.errors, ...document.warnings];
  const diagnostics: Diagnostic[] = syntax
    .slice(0, MAX_SYNTAX_ERRORS)
    .map(({ code, message, pos: [start, end] }) =>
      code === 'DUPLICATE_KEY'
        ? diagnose('yaml/duplicate-key', 'this key is there twice', places.at(start, end))
        : diagnose('yaml/syntax', inWords(code, message), places.at(start, end)),
    );
  if (syntax.some(({ code }) => code !== 'DUPLICATE_KEY')) return { diagnostics };

  diagnostics.push(...notJson(yaml, document, places));
  if (diagnostics.length > syntax.length) return { diagnostics };
  const value = toValue(document);
  if (value.kind === 'alias') {
    diagnostics.push(diagnose('yaml/alias', value.message, places.firstLine()));
    return { diagnostics };
  }
  return {
    source: { file, value: value.value, at: locator(yaml, document, places) },
    diagnostics,
  };
}

function inWords(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here: one file holds one';
  return firstLine(message);
}

function firstLine(message: string): string {
  const [line = message] = message.split('\n');
  return line.charAt(0).toLowerCase() + line.slice(1);
}

type Converted =
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'alias'; readonly message: string };

function toValue(document: Document): Converted {
  try {
    const value = document.toJS({ maxAliasCount: MAX_ALIASES }) as JsonValue | undefined;
    return { kind: 'value', value: value ?? null };
  } catch (error) {
    if (!(error instanceof ReferenceError) && !(error instanceof TypeError)) throw error;
    return { kind: 'alias', message: firstLine(error.message) };
  }
}

/** What YAML can say and JSON cannot; it would be lost on the way to a stage. */
function notJson(yaml: Yaml, document: Document, places: TextPlaces): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const refuse = (node: Node, message: string, hint: string): void => {
    found.push(diagnose('yaml/not-json', message, places.ofNode(node), hint));
  };
  yaml.visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value !== 'number') return;
      if (!Number.isFinite(node.value)) {
        refuse(
          node,
          `\`${node.source ?? ''}\` is not a number that JSON has`,
          'quote it, or use null',
        );
      } else if (/^[-+]?\d+$/.test(node.source ?? '') && !Number.isSafeInteger(node.value)) {
        refuse(node, `\`${node.source ?? ''}\` is too large to be held exactly`, 'quote it');
      }
    },
    Alias: (_, node) => {
      if (node.resolve(document) !== undefined) return;
      const message = `the alias \`*${node.source}\` has no anchor before it`;
      const hint = 'text that begins with `*` has to be quoted';
      found.push(diagnose('yaml/alias', message, places.ofNode(node), hint));
    },
    Pair: (_, { key }) => {
      if (yaml.isScalar(key) && key.value !== null) return;
      if (yaml.isNode(key)) refuse(key, 'a key has to be text', 'quote it');
    },
  });
  return found;
}

function locator(yaml: Yaml, document: Document, places: TextPlaces): Locator {
  const resolve = (node: unknown): Node | null => {
    if (yaml.isAlias(node)) return node.resolve(document) ?? null;
    return yaml.isNode(node) ? node : null;
  };
  const pairOf = (node: Node | null, key: string | number) =>
    yaml.isMap(node)
      ? node.items.find((pair) => yaml.isScalar(pair.key) && String(pair.key.value) === String(key))
      : undefined;
  const step = (node: Node | null, key: string | number): unknown =>
    yaml.isSeq(node) ? node.items[Number(key)] : pairOf(node, key)?.value;
  const nearest = (path: ValuePath): Node | null => {
    let node = resolve(document.contents);
    for (const key of path) {
      const next = resolve(step(node, key));
      if (next === null) return node;
      node = next;
    }
    return node;
  };
  const value = (path: ValuePath): Place => {
    const node = nearest(path);
    return node === null ? places.firstLine() : places.ofNode(node);
  };
  return {
    value,
    key: (path) => {
      const key = path.at(-1);
      const pair = key === undefined ? undefined : pairOf(nearest(path.slice(0, -1)), key);
      return yaml.isNode(pair?.key) ? places.ofNode(pair.key) : value(path);
    },
  };
}

/** Turns offsets of one text into spans with their line. */
class TextPlaces {
  readonly #file: string;
  readonly #text: string;
  readonly #lines: LineCounter;

  constructor(file: string, text: string, lines: LineCounter) {
    this.#file = file;
    this.#text = text;
    this.#lines = lines;
  }

  /** From `start` to `end`, or to the end of the line that `start` is on. */
  at(start: number, end: number): Place {
    const offset = Math.min(start, this.#text.length);
    const { line, col } = this.#lines.linePos(offset);
    const lineStart = offset - Math.max(0, col - 1);
    const lineEnd = this.#text.indexOf('\n', lineStart);
    const excerpt = this.#text
      .slice(lineStart, lineEnd === -1 ? undefined : lineEnd)
      .replace(/\r$/, '');
    const column = Math.max(1, col);
    const length = Math.max(1, Math.min(end - offset, excerpt.length - column + 1));
    return { span: { file: this.#file, line: Math.max(1, line), column, length }, excerpt };
  }

  ofNode(node: Node): Place {
    const [start, end] = node.range ?? [0, 0];
    return this.at(start, end);
  }

  firstLine(): Place {
    return this.at(0, Infinity);
  }
}

/** The member of an object, not of its prototype. */
export const member = (value: JsonValue | undefined, key: string): JsonValue | undefined =>
  isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;

/** A copy with another member; unlike after a spread, `__proto__` is a key like any other. */
export const withMember = (object: JsonObject, key: string, value: JsonValue): JsonObject =>
  Object.fromEntries(new Map(Object.entries(object)).set(key, value));
