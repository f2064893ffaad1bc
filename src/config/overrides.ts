import type { Diagnostic } from '../model/diagnostic.ts';
import { closest } from '../model/did-you-mean.ts';
import { canonicalJson, isJsonObject } from '../model/json.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { err, ok } from '../model/result.ts';
import type { Result } from '../model/result.ts';
import { lookUp } from './lookup.ts';
import { diagnose, member, parseSource, withMember } from './source.ts';
import type { Code } from './codes.ts';
import type { Yaml } from './yaml.ts';

/** Whether a word of the command line is an override; any other is a target. */
export const isOverride = (word: string): boolean => word.includes('=') || word.startsWith('~');

/** `key=value`, `+key=value`, `++key=value`, `~key` or `~key=value`, parsed. */
export interface Override {
  readonly word: string;
  readonly op: 'set' | 'add' | 'force' | 'delete';
  /** Dotted key, or a config group. */
  readonly key: string;
  /** What stands after `=`, as typed. */
  readonly text: string | undefined;
  readonly value: JsonValue | undefined;
}

/** Hydra's forms; the value is a YAML scalar or flow collection, nothing after `=` is empty text. */
export function parseOverride(yaml: Yaml, word: string): Result<Override, Diagnostic> {
  const [, sign = '', key = '', text] = /^(\+\+|\+|~)?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (!/^[^\s.+~=]+(\.[^\s.+~=]+)*$/.test(key) || (text === undefined && sign !== '~')) {
    const hint = 'write `key=value`, `+key=value` for a new key, `~key` to remove one';
    return err(diagnose('override/bad-syntax', `\`${word}\` is no override`, undefined, hint));
  }
  const op = OPS[sign] ?? 'set';
  if (text === undefined) return ok({ word, op, key, text, value: undefined });
  const value = parseValue(yaml, word, text);
  return value.ok ? ok({ word, op, key, text, value: value.value }) : value;
}

const OPS: { readonly [sign: string]: Override['op'] } = {
  '+': 'add',
  '++': 'force',
  '~': 'delete',
};

function parseValue(yaml: Yaml, word: string, text: string): Result<JsonValue, Diagnostic> {
  if (text.trim() === '') return ok('');
  const { source, diagnostics } = parseSource(yaml, 'the command line', text);
  const quoted = /^\s*["'[{]/.test(text);
  // What YAML makes of `#tag`, `*.jpg`, `a: b` or `- x` is not what one types them for: text then.
  const isText =
    !quoted && (!isPlainScalar(source?.value) || /\n|(^|\s)#|^\s*[!&*|>@`%?-]\s*\D*$/.test(text));
  if (isText) return ok(text);
  const [problem] = diagnostics;
  if (source !== undefined && problem === undefined) return ok(source.value);
  const message = `the value of \`${word}\` cannot be read: ${problem?.message ?? ''}`;
  const hint =
    'values are YAML: 3e-4, true, null, text, [1, 2], {a: 1}; quote text that looks like another';
  return err(diagnose('override/bad-value', message, undefined, hint));
}

const isPlainScalar = (value: JsonValue | undefined): boolean =>
  value !== undefined && (typeof value !== 'object' || value === null);

/** Changes a configuration as one override says. */
export function applyOverride(
  config: JsonObject,
  { word, op, key, value }: Override,
): Result<JsonObject, Diagnostic> {
  const keys = key.split('.');
  const found = lookUp(config, key);
  const refuse = (code: Code, message: string, hint?: string): Result<JsonObject, Diagnostic> =>
    err(diagnose(code, message, undefined, hint));
  switch (op) {
    case 'delete':
      if (!found.ok) {
        return refuse(
          'override/not-there',
          `\`${word}\`: there is no \`${key}\``,
          hintFor(config, key),
        );
      }
      if (value !== undefined && canonicalJson(value) !== canonicalJson(found.value)) {
        const is = JSON.stringify(found.value);
        return refuse('override/not-there', `\`${word}\`: \`${key}\` is ${is}`);
      }
      return ok(without(config, keys) as JsonObject);
    case 'set':
      if (found.ok) break;
      return refuse(
        'override/unknown-key',
        `\`${word}\`: the configuration has no \`${key}\``,
        hintFor(config, key) ?? `to add a key, write \`+${word}\``,
      );
    case 'add':
      if (!found.ok || found.value === null || typeof value === 'object') break;
      return refuse(
        'override/exists',
        `\`${word}\`: there is a \`${key}\` already`,
        `to change it, write \`${word.slice(1)}\``,
      );
    case 'force':
  }
  const changed = put(config, keys, value ?? null);
  if (changed !== undefined) return ok(changed as JsonObject);
  return refuse('override/unknown-key', `\`${word}\`: \`${key}\` would lie in what is no mapping`);
}

/** Names a near key, at the first step of `key` that does not exist. */
function hintFor(config: JsonObject, key: string): string | undefined {
  const keys = key.split('.');
  for (let depth = 0; depth < keys.length; depth++) {
    const parent = depth === 0 ? config : (lookUpValue(config, keys.slice(0, depth)) ?? null);
    const wanted = keys[depth] ?? '';
    if (member(parent, wanted) !== undefined || !isJsonObject(parent)) continue;
    const near = closest(wanted, Object.keys(parent));
    return (
      near &&
      `did you mean "${[...keys.slice(0, depth), near, ...keys.slice(depth + 1)].join('.')}"?`
    );
  }
  return undefined;
}

function lookUpValue(config: JsonObject, keys: readonly string[]): JsonValue | undefined {
  const found = lookUp(config, keys.join('.'));
  return found.ok ? found.value : undefined;
}

/** A copy with `value` at `keys`; mappings on the way are made, mappings at the end are merged. */
function put(
  at: JsonValue | undefined,
  keys: readonly string[],
  value: JsonValue,
): JsonValue | undefined {
  const [key, ...rest] = keys;
  if (key === undefined) return merge(at, value);
  if (isList(at)) {
    if (!/^\d+$/.test(key) || Number(key) >= at.length) return undefined;
    const inner = put(at[Number(key)], rest, value);
    return inner === undefined ? undefined : at.with(Number(key), inner);
  }
  if (at !== undefined && at !== null && !isJsonObject(at)) return undefined;
  const inner = put(member(at, key), rest, value);
  return inner === undefined ? undefined : withMember(isJsonObject(at) ? at : {}, key, inner);
}

function without(at: JsonValue, keys: readonly string[]): JsonValue {
  const [key = '', ...rest] = keys;
  if (isList(at)) {
    const index = Number(key);
    const inner = at[index];
    return rest.length === 0 || inner === undefined
      ? at.toSpliced(index, 1)
      : at.with(index, without(inner, rest));
  }
  if (!isJsonObject(at)) return at;
  const inner = member(at, key);
  if (rest.length > 0 && inner !== undefined) return withMember(at, key, without(inner, rest));
  return Object.fromEntries(Object.entries(at).filter(([name]) => name !== key));
}

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] =>
  Array.isArray(value);

/** As Hydra merges configs: mappings key by key, everything else is replaced. */
export function merge(below: JsonValue | undefined, above: JsonValue): JsonValue {
  if (!isJsonObject(below) || !isJsonObject(above)) return above;
  const merged = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) {
    merged.set(key, merge(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
