import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';

/*
 * Parts of values that no schema has checked: what is not of the shape asked for is empty.
 */

export const listOf = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]) : [];

export const objectOf = (value: JsonValue | undefined): JsonObject =>
  isJsonObject(value) ? value : {};

/** For a message: a text as it is, anything else as JSON. */
export const textOf = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);
