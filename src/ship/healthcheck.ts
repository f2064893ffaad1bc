import type { Healthcheck } from '../ports/image-store.ts';
import { splitWords, type Refuse } from './image-words.ts';

/** As `docker run` names them: how a container is asked whether it is well. */
export interface HealthOptions {
  /** Run in the container; well is exit status 0. */
  readonly cmd?: string;
  /** `10s`, `1m30s`, `500ms`; docker's defaults where absent. */
  readonly interval?: string;
  readonly timeout?: string;
  readonly startPeriod?: string;
  readonly retries?: string;
}

export function parseHealth(options: HealthOptions, refuse: Refuse): Healthcheck | undefined {
  const { cmd, interval, timeout, startPeriod, retries } = options;
  const words = cmd === undefined ? undefined : splitWords('--health-cmd', cmd, refuse);
  const time = (name: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseDuration(name, text, refuse);
  const times = {
    Interval: time('--health-interval', interval),
    Timeout: time('--health-timeout', timeout),
    StartPeriod: time('--health-start-period', startPeriod),
    Retries: retries === undefined ? undefined : parseCount(retries, refuse),
  };
  const isTold = Object.values(times).some((value) => value !== undefined);
  if (cmd === undefined && isTold) {
    return refuse('image/no-health-cmd', 'health options without --health-cmd change nothing');
  }
  if (words === undefined) return undefined;
  const given = Object.entries(times).filter(([, value]) => value !== undefined);
  return { Test: ['CMD', ...words], ...Object.fromEntries(given) };
}

const UNITS: { readonly [unit: string]: number } = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go's durations, as docker takes them, in nanoseconds. */
function parseDuration(name: string, text: string, refuse: Refuse): number | undefined {
  if (!/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/.test(text)) {
    return refuse('image/bad-duration', `${name} \`${text}\` is no duration`, 'such as 10s');
  }
  let sum = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) {
    sum += Number(amount) * (UNITS[unit] ?? 0);
  }
  return Math.round(sum);
}

function parseCount(text: string, refuse: Refuse): number | undefined {
  return /^[1-9][0-9]{0,3}$/.test(text)
    ? Number(text)
    : refuse('image/bad-count', `--health-retries \`${text}\` is no count`, 'such as 3');
}
