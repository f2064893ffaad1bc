import { closest, didYouMean } from '../../model/did-you-mean.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { isJsonObject } from '../../model/json.ts';
import type { JsonValue } from '../../model/json.ts';
import type { Code } from '../codes.ts';
import { MANDATORY } from '../params.ts';
import { diagnose } from '../source.ts';
import type { Locator, ValuePath } from '../source.ts';
import type { Place } from '../text-places.ts';
import type { Moves } from './moves.ts';
import { UNKNOWN } from './scope.ts';
import type { Found, Known, Scope } from './scope.ts';
import { ShellText } from './shell-text.ts';
import { hasTemplate, parseText, stepsOf } from './text.ts';
import type { Piece, Reference } from './text.ts';
import { textOf, wordsOf } from './words.ts';

export interface Resolving {
  readonly scope: Scope;
  /** Places of what is resolved, as written. */
  readonly at: Locator;
  readonly moves: Moves;
  readonly report: (diagnostic: Diagnostic) => void;
}

export interface Mode {
  /** Values become words of a shell's command. */
  readonly isCommand: boolean;
  /** A list that is an item of a list takes its place with all its items. */
  readonly splices: boolean;
}

export const AS_FIELD: Mode = { isCommand: false, splices: true };
export const AS_COMMAND: Mode = { isCommand: true, splices: true };
/** The items of `foreach` and `matrix` are values: a list among them is one item. */
export const AS_ITEMS: Mode = { isCommand: false, splices: false };

/**
 * A value with its templates replaced. What cannot be is reported and left out of the list or
 * mapping it is in. Without templates it is the same object.
 */
export function resolveValue(
  value: JsonValue,
  path: ValuePath,
  mode: Mode,
  resolving: Resolving,
): Known<JsonValue> {
  if (typeof value === 'string') {
    if (!hasTemplate(value)) return value;
    return resolveText(value, resolving.at.value(path), mode.isCommand, resolving);
  }
  if (isList(value)) return resolveList(value, path, mode, resolving);
  return isJsonObject(value) ? resolveMap(value, path, mode, resolving) : value;
}

function resolveList(
  list: readonly JsonValue[],
  path: ValuePath,
  mode: Mode,
  resolving: Resolving,
): JsonValue {
  const items: JsonValue[] = [];
  const positions: number[] = [];
  for (const [i, item] of list.entries()) {
    const resolved = resolveValue(item, [...path, i], mode, resolving);
    if (resolved === UNKNOWN) continue;
    const isSpliced = mode.splices && typeof item === 'string' && isList(resolved);
    for (const one of isSpliced ? resolved : [resolved]) {
      items.push(one);
      positions.push(i);
    }
  }
  if (items.length === list.length && items.every((item, i) => item === list[i])) return list;
  resolving.moves.note(items, new Map(positions.map((from, to) => [String(to), from])));
  return items;
}

function resolveMap(
  map: { readonly [key: string]: JsonValue },
  path: ValuePath,
  mode: Mode,
  resolving: Resolving,
): JsonValue {
  const members = new Map<string, JsonValue>();
  const keys = new Map<string, string>();
  const lost: string[] = [];
  let isSame = true;
  for (const [key, inner] of Object.entries(map)) {
    const name = resolveKey(key, [...path, key], resolving);
    const resolved = resolveValue(inner, [...path, key], mode, resolving);
    if (name === UNKNOWN || resolved === UNKNOWN) {
      lost.push(name === UNKNOWN ? key : name);
    } else if (members.has(name)) {
      const place = resolving.at.key([...path, key]);
      resolving.report(diagnose('yaml/duplicate-key', `the key \`${name}\` is there twice`, place));
    } else {
      members.set(name, resolved);
      keys.set(name, key);
    }
    isSame &&= name === key && resolved === inner;
  }
  if (isSame) return map;
  const made = Object.fromEntries(members);
  resolving.moves.note(made, keys, lost);
  return made;
}

function resolveKey(key: string, path: ValuePath, resolving: Resolving): Known<string> {
  if (!hasTemplate(key)) return key;
  const place = resolving.at.key(path);
  const value = resolveText(key, place, false, resolving);
  if (value === UNKNOWN) return UNKNOWN;
  const text = textOf(value);
  if (text.ok) return text.value;
  const message = `a key cannot be \`${key}\`, which is ${text.error}`;
  resolving.report(diagnose('template/wrong-type', message, place));
  return UNKNOWN;
}

/** A text that is exactly one `${…}` is that value with its type; in any other, values become text. */
export function resolveText(
  text: string,
  place: Place,
  isCommand: boolean,
  resolving: Resolving,
): Known<JsonValue> {
  const parsed = parseText(text);
  if (!parsed.ok) {
    const { source, message } = parsed.error;
    resolving.report(diagnose('template/syntax', message, narrowed(place, source)));
    return UNKNOWN;
  }
  const [first, ...others] = parsed.value;
  if (first?.kind === 'value' && others.length === 0) return evaluate(first, place, resolving);
  return isCommand
    ? joinCommand(parsed.value, place, resolving)
    : joinText(parsed.value, place, resolving);
}

function joinText(pieces: readonly Piece[], place: Place, resolving: Resolving): Known<string> {
  let joined: Known<string> = '';
  for (const piece of pieces) {
    const text = piece.kind === 'text' ? piece.text : textAt(piece, place, resolving);
    // Goes on after a failure: every reference that leads nowhere is told at once.
    joined = joined === UNKNOWN || text === UNKNOWN ? UNKNOWN : joined + text;
  }
  return joined;
}

function textAt(reference: Reference, place: Place, resolving: Resolving): Known<string> {
  const value = evaluate(reference, place, resolving);
  if (value === UNKNOWN) return UNKNOWN;
  const text = textOf(value);
  if (text.ok) return text.value;
  const hint = Array.isArray(value)
    ? `a list can be an item of a list: \`- ${reference.source}\``
    : undefined;
  const message = `\`${reference.source}\` is ${text.error}, which cannot stand inside a text`;
  refuse('template/wrong-type', message, reference, place, resolving, hint);
  return UNKNOWN;
}

function joinCommand(pieces: readonly Piece[], place: Place, resolving: Resolving): Known<string> {
  const shell = new ShellText();
  let isKnown = true;
  for (const piece of pieces) {
    if (piece.kind === 'text') shell.literal(piece.text);
    else isKnown = putWords(piece, shell, place, resolving) && isKnown;
  }
  return isKnown ? shell.text : UNKNOWN;
}

function putWords(
  reference: Reference,
  shell: ShellText,
  place: Place,
  resolving: Resolving,
): boolean {
  const value = evaluate(reference, place, resolving);
  if (value === UNKNOWN) return false;
  const { source } = reference;
  const words = wordsOf(value);
  if (!words.ok) {
    const message = `\`${source}\` is ${words.error}, which cannot stand in a command`;
    refuse('template/wrong-type', message, reference, place, resolving);
    return false;
  }
  if (reference.raw) {
    shell.literal(words.value.join(' '));
    return true;
  }
  if (shell.words(words.value)) return true;
  const raw = `\${raw:${source.slice(2)}`;
  const [message, hint] =
    typeof value === 'object'
      ? [
          `\`${source}\` is several words and stands inside quotes`,
          `take the quotes away: every word is quoted by itself (or write \`${raw}\`)`,
        ]
      : [
          `\`${source}\` cannot be quoted in a comment, in backquotes or behind \`<<\``,
          `write \`${raw}\` to take it as it is, or \`$(…)\` instead of backquotes`,
        ];
  refuse('template/unquotable', message, reference, place, resolving, hint);
  return false;
}

function evaluate(reference: Reference, place: Place, resolving: Resolving): Known<JsonValue> {
  const name = joinText(reference.name, place, resolving);
  if (name === UNKNOWN) return UNKNOWN;
  const steps = stepsOf(name);
  if (steps === undefined) {
    const message = `\`${reference.source}\` becomes \`${name}\`, which names nothing`;
    refuse('template/syntax', message, reference, place, resolving);
    return UNKNOWN;
  }
  const found = resolving.scope.lookUp(steps);
  if (found.kind === 'unknown') return UNKNOWN;
  if (found.kind === 'missing') {
    const [message, hint] = missing(found, steps, reference);
    refuse('template/unknown-name', message, reference, place, resolving, hint);
    return UNKNOWN;
  }
  if (found.value === MANDATORY) {
    const key = steps.join('.');
    const message = `the parameter \`${key}\` has to be given`;
    const hint = `give it on the command line: \`${key}=VALUE\``;
    refuse('params/mandatory', message, reference, place, resolving, hint);
    return UNKNOWN;
  }
  return found.value;
}

function missing(
  { before, step, around, names }: Extract<Found, { kind: 'missing' }>,
  steps: readonly string[],
  { source }: Reference,
): readonly [message: string, hint: string | undefined] {
  const parent = before.join('.');
  if (before.length > 0 && !isJsonObject(around)) {
    const what = isList(around)
      ? `has ${around.length} items, counted from 0`
      : `is \`${String(around)}\`, which has nothing in it`;
    return [`\`${source}\`: \`${parent}\` ${what}`, undefined];
  }
  const message = `\`${source}\`: ${parent === '' ? 'nothing is called' : `\`${parent}\` has no`} \`${step}\``;
  if (before.length === 0 && (step === 'item' || step === 'key')) {
    return [message, `\`${step}\` is known in the stages of a \`foreach\` or \`matrix\``];
  }
  const near = closest(step, names);
  if (near !== undefined) {
    const whole = [...before, near, ...steps.slice(before.length + 1)].join('.');
    return [message, `did you mean "${whole}"?`];
  }
  const looksLikeShell = before.length === 0 && /^[A-Z_][A-Z0-9_]*$|^\w+[:#%/-]/.test(step);
  const shell = `for a variable of the shell write \`\\${source}\` or \`$NAME\``;
  return [message, looksLikeShell ? shell : didYouMean(step, names)];
}

function refuse(
  code: Code,
  message: string,
  { source }: Reference,
  place: Place,
  { report }: Resolving,
  hint?: string,
): void {
  report(diagnose(code, message, narrowed(place, source), hint));
}

/** The part of a place that `source` takes, where both are on one line. */
function narrowed(place: Place, source: string): Place {
  const { span, excerpt } = place;
  const at = excerpt.indexOf(source, span.column - 1);
  if (source === '' || at < 0) return place;
  return { ...place, span: { ...span, column: at + 1, length: source.length } };
}

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] =>
  Array.isArray(value);
