import { isJsonObject } from '../../model/json.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { err, ok } from '../../model/result.ts';
import type { Result } from '../../model/result.ts';
import { textOf } from './words.ts';

/** One stage of a group: `train@a`, with the names that its template can use. */
export interface Member {
  /** What stands behind the `@`. */
  readonly key: string;
  readonly names: { readonly item: JsonValue; readonly key?: string };
}

/** More stages than anybody means; a matrix of a few long lists gets there. */
const MOST_MEMBERS = 20_000;

/**
 * Members of a `foreach`: by key of a mapping, by value of a list of scalars, by position of a list
 * that holds anything else; named as DVC names them. `key` is known for mappings only.
 */
export function membersOfForeach(data: JsonValue): Result<readonly Member[], string> {
  if (isJsonObject(data)) {
    const entries = Object.entries(data);
    return ok(entries.map(([key, item]) => ({ key, names: { item, key } })));
  }
  if (!isList(data)) return err(`has to be a list or a mapping`);
  const isComposite = data.some((item) => typeof item === 'object' && item !== null);
  return ok(
    data.map((item, i) => ({ key: isComposite ? String(i) : nameOf(item), names: { item } })),
  );
}

/** Members of a `matrix`: every combination, the last list changing fastest; named as DVC names them. */
export function membersOfMatrix(data: JsonValue): Result<readonly Member[], string> {
  if (!isJsonObject(data)) return err('has to be a mapping of lists');
  const axes: (readonly [name: string, values: readonly JsonValue[]])[] = [];
  for (const [name, values] of Object.entries(data)) {
    if (!isList(values)) return err(`has to be a mapping of lists, and \`${name}\` is none`);
    axes.push([name, values]);
  }
  const size = axes.reduce((product, [, values]) => product * values.length, 1);
  if (axes.length === 0 || size > MOST_MEMBERS) {
    return err(
      axes.length === 0 ? 'is empty' : `makes ${size} stages; at most ${MOST_MEMBERS} make sense`,
    );
  }
  let combinations: readonly { readonly parts: readonly string[]; readonly item: JsonObject }[] = [
    { parts: [], item: {} },
  ];
  for (const [name, values] of axes) {
    combinations = combinations.flatMap(({ parts, item }) =>
      values.map((value, i) => ({
        parts: [...parts, isComposite(value) ? `${name}${i}` : nameOf(value)],
        item: Object.fromEntries([...Object.entries(item), [name, value]]),
      })),
    );
  }
  return ok(
    combinations.map(({ parts, item }) => {
      const key = parts.join('-');
      return { key, names: { item, key } };
    }),
  );
}

const isComposite = (value: JsonValue): boolean => typeof value === 'object' && value !== null;

/** DVC writes what is null as Python does. */
function nameOf(value: JsonValue): string {
  const text = textOf(value);
  return text.ok ? text.value : 'None';
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
