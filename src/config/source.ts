import type { Document, Node, Pair, YAMLError } from 'yaml';
import type { Diagnostic } from '../model/diagnostic.ts';
import { isJsonObject } from '../model/json.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Code } from './codes.ts';
import { TextPlaces } from './text-places.ts';
import type { Place } from './text-places.ts';
import type { Yaml } from './yaml.ts';

/** A way into a value: keys of mappings, positions in lists. */
export type ValuePath = readonly (string | number)[];

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
    const place = new TextPlaces(file, text).firstLine();
    return { diagnostics: [diagnose('yaml/syntax', 'nested too deeply', place)] };
  }
}

/** A file that has to be a mapping; an empty one is an empty mapping. Undefined when something was reported. */
export function parseMapping(
  yaml: Yaml,
  file: string,
  text: string,
  report: (diagnostic: Diagnostic) => void,
): JsonObject | undefined {
  const { source, diagnostics } = parseSource(yaml, file, text);
  diagnostics.forEach(report);
  if (source === undefined || diagnostics.length > 0) return undefined;
  const value = source.value ?? {};
  if (isJsonObject(value)) return value;
  report(diagnose('params/not-a-mapping', `${file} has to be a mapping`, source.at.value([])));
  return undefined;
}

function parse(yaml: Yaml, file: string, text: string): Parsed {
  const document = yaml.parseDocument(text, {
    prettyErrors: false,
    keepSourceTokens: false,
    merge: true,
    // Compares each key with each other; see `duplicates`.
    uniqueKeys: false,
    // `!!set`, `!!binary` and the like become what JSON does not have; unresolved, they are named.
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const places = new TextPlaces(file, text);
  const isTooDeep = document.errors.some(({ message }) => /call stack/.test(message));
  if (isTooDeep) throw new RangeError('nested too deeply');
  const tell = ({ code, message, pos: [start, end] }: YAMLError): Diagnostic =>
    syntaxError(inWords(code, message), places.at(start, end));
  const syntax = [...onePerLine(document.errors.map(tell)), ...document.warnings.map(tell)];
  const diagnostics = syntax.slice(0, MAX_SYNTAX_ERRORS);
  if (syntax.length > 0) return { diagnostics };

  diagnostics.push(...duplicates(yaml, document, places));
  const unfit = notJson(yaml, document, places);
  if (unfit.length > 0) return { diagnostics: [...diagnostics, ...unfit] };
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

/** What follows on the same line follows from the first. */
function onePerLine(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const lines = new Set<number | undefined>();
  return diagnostics.filter(({ span }) => {
    const isFirst = span === undefined || !lines.has(span.line);
    lines.add(span?.line);
    return isFirst;
  });
}

function syntaxError(message: string, place: Place): Diagnostic {
  // Braces end a plain text there, and nothing in the parser's words says so.
  const isBareTemplate = /[[{,:]\s*[^'"\s][^'"]*\$\{|[[{]\s*\$\{/.test(place.excerpt);
  const hint = "inside `[…]` and `{…}` a template has to be quoted: '${name}'";
  return diagnose('yaml/syntax', message, place, isBareTemplate ? hint : undefined);
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
    // The count of aliases; what else could go wrong has been looked for.
    if (!(error instanceof ReferenceError)) throw error;
    return { kind: 'alias', message: firstLine(error.message) };
  }
}

/** Keys that a mapping has twice, in time that grows with the keys and not with their square. */
function duplicates(yaml: Yaml, document: Document, places: TextPlaces): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  yaml.visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!yaml.isScalar(key) || typeof key.value === 'symbol') continue;
        const name = String(key.value);
        if (seen.has(name)) {
          const place = places.at(...rangeOf(key));
          found.push(diagnose('yaml/duplicate-key', 'this key is there twice', place));
        }
        seen.add(name);
        if (found.length === MAX_SYNTAX_ERRORS) return yaml.visit.BREAK;
      }
      return undefined;
    },
  });
  return found;
}

/** What YAML can say and JSON cannot; it would be lost on the way to a stage. */
function notJson(yaml: Yaml, document: Document, places: TextPlaces): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const refuse = (node: Node, message: string, hint: string): void => {
    found.push(diagnose('yaml/not-json', message, places.at(...rangeOf(node)), hint));
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
      found.push(diagnose('yaml/alias', message, places.at(...rangeOf(node)), hint));
    },
    Pair: (_, { key, value }) => {
      const isMerge = yaml.isScalar(key) && typeof key.value === 'symbol';
      if (isMerge && yaml.isNode(value) && !canBeMerged(yaml, document, value)) {
        const message = '`<<` merges mappings, or a list of them';
        found.push(diagnose('yaml/bad-merge', message, places.at(...rangeOf(value))));
      }
      if (yaml.isScalar(key) && key.value !== null) return;
      if (yaml.isNode(key)) refuse(key, 'a key has to be text', 'quote it');
    },
  });
  return found;
}

function canBeMerged(yaml: Yaml, document: Document, value: Node): boolean {
  const resolve = (node: unknown): unknown => (yaml.isAlias(node) ? node.resolve(document) : node);
  const source = resolve(value);
  return yaml.isSeq(source)
    ? source.items.every((item) => yaml.isMap(resolve(item)))
    : yaml.isMap(source);
}

function rangeOf(node: Node): readonly [start: number, end: number] {
  const [start, end] = node.range ?? [0, 0];
  return [start, end];
}

function locator(yaml: Yaml, document: Document, places: TextPlaces): Locator {
  // By map: to look through its pairs anew for every path is quadratic in the number of stages.
  const pairs = new WeakMap<Node, ReadonlyMap<string, Pair>>();
  const resolve = (node: unknown): Node | null => {
    if (yaml.isAlias(node)) return node.resolve(document) ?? null;
    return yaml.isNode(node) ? node : null;
  };
  const pairOf = (node: Node | null, key: string | number): Pair | undefined => {
    if (!yaml.isMap(node)) return undefined;
    let byKey = pairs.get(node);
    if (byKey === undefined) {
      const named = node.items.flatMap((pair) =>
        yaml.isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : [],
      );
      // Of a key that is there twice, the first one.
      byKey = new Map(named.reverse());
      pairs.set(node, byKey);
    }
    return byKey.get(String(key));
  };
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
    return node === null ? places.firstLine() : places.at(...rangeOf(node));
  };
  return {
    value,
    key: (path) => {
      const key = path.at(-1);
      const pair = key === undefined ? undefined : pairOf(nearest(path.slice(0, -1)), key);
      return yaml.isNode(pair?.key) ? places.at(...rangeOf(pair.key)) : value(path);
    },
  };
}

/** The member of an object, not of its prototype. */
export const member = (value: JsonValue | undefined, key: string): JsonValue | undefined =>
  isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;

/** What a value is, in words: `a list`, or the scalar itself. */
export function nameOfType(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return `\`${String(value)}\``;
}

/** The value at a path, positions in lists as numbers or text. */
export const lookUpPath = (value: JsonValue, path: ValuePath): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>(
    (inner, key) =>
      Array.isArray(inner) ? (inner[Number(key)] as JsonValue) : member(inner, String(key)),
    value,
  );

/** A copy with another member; unlike after a spread, `__proto__` is a key like any other. */
export const withMember = (object: JsonObject, key: string, value: JsonValue): JsonObject =>
  Object.fromEntries(new Map(Object.entries(object)).set(key, value));
