import { isJsonObject } from '../model/json.ts';
import type { JsonValue } from '../model/json.ts';

export type Found =
  | { readonly ok: true; readonly value: JsonValue }
  /** `missing` is the step that fails, `available` what there is instead at that place. */
  | {
      readonly ok: false;
      readonly before: readonly string[];
      readonly missing: string;
      readonly available: readonly string[];
    };

/** The value at a dotted key: names of mappings, positions in lists. */
export function lookUp(value: JsonValue, key: string): Found {
  const before: string[] = [];
  let at = value;
  for (const name of key.split('.')) {
    const inner = step(at, name);
    if (inner === undefined) {
      const available = isJsonObject(at) ? Object.keys(at) : [];
      return { ok: false, before, missing: name, available };
    }
    at = inner;
    before.push(name);
  }
  return { ok: true, value: at };
}

function step(value: JsonValue, name: string): JsonValue | undefined {
  if (Array.isArray(value)) {
    return /^\d+$/.test(name) ? (value as readonly JsonValue[])[Number(name)] : undefined;
  }
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
