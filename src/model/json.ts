export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** Orders strings by UTF-16 code unit: the same on every machine, unlike `localeCompare`. */
export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `{train: {lr: 1}}` as `train.lr`: the leaves of nested objects by dotted key. Lists stay whole, and
 * so do empty objects, or two different values would have the same leaves.
 */
export function dotted(object: JsonObject): JsonObject {
  const leaves = Object.entries(object).flatMap(([key, value]): [string, JsonValue][] =>
    isJsonObject(value) && Object.keys(value).length > 0
      ? Object.entries(dotted(value)).map(([inner, leaf]) => [`${key}.${inner}`, leaf])
      : [[key, value]],
  );
  return Object.fromEntries(leaves);
}

/**
 * JSON with object keys in code-unit order and no white space: equal values give equal text.
 * Members that are `undefined` are left out, as in `JSON.stringify`.
 * @throws Error for NaN and infinities, which JSON cannot carry.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new Error(`bug: ${value} cannot be written as JSON`);
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  // One of the few hot loops of a no-op: a text that grows, instead of a list for every step.
  const object = value as { readonly [key: string]: unknown };
  let members = '';
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}
