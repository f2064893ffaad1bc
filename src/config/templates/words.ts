import { isJsonObject } from '../../model/json.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { err, ok } from '../../model/result.ts';
import type { Result } from '../../model/result.ts';

/** A scalar as it stands in a text or a name; what has no such form is said in words. */
export function textOf(value: JsonValue): Result<string, string> {
  if (typeof value === 'string') return ok(value);
  if (typeof value === 'boolean') return ok(String(value));
  if (typeof value === 'number') return ok(numberText(value));
  return err(value === null ? 'empty (null)' : Array.isArray(value) ? 'a list' : 'a mapping');
}

/** As Python writes it, so that names made of `5e-5` are DVC's `5e-05`. */
function numberText(value: number): string {
  const isTiny = value !== 0 && Math.abs(value) < 1e-4;
  return (isTiny ? value.toExponential() : String(value)).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A value as words of a command: a scalar, the items of a list, the options of a mapping. */
export function wordsOf(value: JsonValue): Result<readonly string[], string> {
  if (isJsonObject(value)) return optionsOf(value, '');
  if (!isList(value)) {
    const text = textOf(value);
    return text.ok ? ok([text.value]) : text;
  }
  const words: string[] = [];
  for (const item of value) {
    const text = textOf(item);
    if (!text.ok) return err(`a list with ${text.error} in it`);
    words.push(text.value);
  }
  return ok(words);
}

/**
 * `{lr: 1, deep: {x: a}, fast: true, slow: false, sizes: [1, 2]}` as
 * `--lr 1 --deep.x a --fast --sizes 1 2`, as in DVC. What is null is left out.
 */
function optionsOf(value: JsonObject, prefix: string): Result<readonly string[], string> {
  const words: string[] = [];
  for (const [key, inner] of Object.entries(value)) {
    const name = `${prefix}${key}`;
    if (inner === null || inner === false) continue;
    if (inner === true) words.push(`--${name}`);
    else if (isJsonObject(inner)) {
      const options = optionsOf(inner, `${name}.`);
      if (!options.ok) return options;
      words.push(...options.value);
    } else {
      const given = wordsOf(inner);
      if (!given.ok) return err(`a mapping with ${given.error} at \`${name}\``);
      if (given.value.length > 0) words.push(`--${name}`, ...given.value);
    }
  }
  return ok(words);
}

/** A value for people, cut to a length that fits beside other words. */
export function shown(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
