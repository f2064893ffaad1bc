import { isJsonObject, type JsonValue } from '../model/json.ts';
import { holds, type Gate, type Out } from '../model/pipeline.ts';

export type MetricValues = { readonly [name: string]: number };

/** Numbers of a metrics file by dotted name; lists count by index, everything that is no finite number is left out. */
export function flattenMetrics(value: JsonValue): MetricValues {
  const values: [string, number][] = [];
  const walk = (node: JsonValue, name: string): void => {
    if (typeof node === 'number') {
      if (Number.isFinite(node)) values.push([name, node]);
    } else if (isJsonObject(node)) {
      for (const [key, member] of Object.entries(node)) {
        walk(member, name === '' ? key : `${name}.${key}`);
      }
    } else if (Array.isArray(node)) {
      for (const [index, member] of (node as readonly JsonValue[]).entries()) {
        walk(member, name === '' ? String(index) : `${name}.${index}`);
      }
    }
  };
  walk(value, '');
  return Object.fromEntries(values);
}

/** The numbers of a metrics file's text; undefined when there is none, or it is not JSON. */
export function parseMetrics(text: string | undefined): MetricValues | undefined {
  try {
    return text === undefined ? undefined : flattenMetrics(JSON.parse(text) as JsonValue);
  } catch {
    return undefined;
  }
}

/** The gates of a metrics out that do not hold, each with the number found; an absent metric holds nothing. */
export function failedGates(
  out: Out,
  values: MetricValues,
): { readonly gate: Gate; readonly actual: number | undefined }[] {
  return (out.gates ?? [])
    .map((gate) => ({ gate, actual: values[gate.metric] }))
    .filter(({ gate, actual }) => actual === undefined || !holds(gate, actual));
}
