import type { Gate } from '../model/pipeline.ts';

const UNIT_MS = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 } as const;

/** Milliseconds of `90s`, `1h30m`, or a number of seconds. The schema has checked the form. */
export function durationMs(value: number | string): number {
  if (typeof value === 'number') return Math.round(value * 1000);
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/([0-9.]+)(ms|s|m|h|d|w)/g)) {
    total += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return Math.round(total);
}

/** Milliseconds of a duration as typed, or of a number of seconds; undefined when it is neither. */
export function parseDuration(text: string): number | undefined {
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return durationMs(Number(text));
  return /^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$/.test(text) ? durationMs(text) : undefined;
}

/** Bytes of `2GiB` (1024), `500MB` (1000), or a number of bytes. The schema has checked the form. */
export function sizeBytes(value: number | string): number {
  if (typeof value === 'number') return value;
  const [, amount, prefix = '', binary] = /^([0-9.]+) ?([KMGT]?)(i?)B$/.exec(value) ?? [];
  return Math.round(
    Number(amount) * (binary === 'i' ? 1024 : 1000) ** ' KMGT'.indexOf(prefix || ' '),
  );
}

/** `>= 0.90` as a gate of `metric`. The schema has checked the form. */
export function gateOf(metric: string, text: string): Gate {
  const [, comparison, bound] = /^\s*(>=|>|<=|<|==)\s*(\S+)\s*$/.exec(text) ?? [];
  return { metric, comparison: comparison as Gate['comparison'], bound: Number(bound) };
}
