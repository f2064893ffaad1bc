/** `8 ms`, `1.4s`, `42s`, `2m 10s`, `3h 05m`, `2d 4h`. */
export function duration(ms: number): string {
  if (!(ms >= 0)) return '?';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${pad(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h ${pad(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

const pad = (n: number): string => String(n).padStart(2, '0');

/** `812 B`, `1.2 KiB`, `34 MiB`: three digits are enough to compare by eye. */
export function bytes(n: number): string {
  if (!(n >= 0)) return '?';
  if (n < 1024) return `${Math.round(n)} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = n;
  let unit = '';
  for (unit of units) {
    value /= 1024;
    if (value < 999.5) break;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

/** `1 file`, `12,000 files`; the plural is the singular with an `s`. */
export const count = (n: number, noun: string): string =>
  `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`;

/** Thousands apart by commas, whatever the machine's locale is. */
const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

/** `3 days ago`; `just now` below two seconds and for times ahead of this machine's clock. */
export function ago(then: string, nowMs: number): string {
  const ms = nowMs - Date.parse(then);
  if (Number.isNaN(ms)) return then;
  if (ms < 2000) return 'just now';
  const steps: readonly (readonly [number, string])[] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1000, 'second'],
  ];
  for (const [size, noun] of steps) {
    if (ms >= size) return `${count(Math.floor(ms / size), noun)} ago`;
  }
  return 'just now';
}

/** Six digits or fewer of a metric: `0.9433`, `12`, `1.2e-7`; not a digit invented. */
export function decimal(n: number): string {
  if (Number.isInteger(n)) return Math.abs(n) < 1e15 ? String(n) : n.toExponential(3);
  const small = Math.abs(n) < 1e-3 || Math.abs(n) >= 1e9;
  return small ? n.toExponential(3).replace(/\.?0+e/, 'e') : String(Number(n.toPrecision(6)));
}
