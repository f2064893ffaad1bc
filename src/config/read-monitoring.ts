import type { ErrorObject } from 'ajv';
import type { Diagnostic } from '../model/diagnostic.ts';
import { closest } from '../model/did-you-mean.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';
import type { Channel, MonitoringSettings, Objective, Threshold } from '../model/monitoring.ts';
import { err, ok, type Result } from '../model/result.ts';
import { durationMs, sizeBytes } from './quantities.ts';
import {
  diagnose,
  lookUpPath,
  nameOfType,
  parseSource,
  type Source,
  type ValuePath,
} from './source.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** What Cloud Monitoring takes: it counts whole days, at most 30. */
const MOST_DAYS = 30;

/** What Google's SRE workbook recommends (chapter 5, table 5-8), for a window of about a month. */
const BURN_RATES: MonitoringSettings['burnRates'] = {
  fast: { rate: 14.4, windowSeconds: 3600, shortSeconds: 300 },
  slow: { rate: 6, windowSeconds: 21_600, shortSeconds: 1800 },
};

/** Given beside the file, and going before what it says. */
export interface GivenPlace {
  readonly project?: string;
  readonly region?: string;
}

/** The text of monitoring.yaml as settings, or all that is wrong with it, each with its place. */
export async function readMonitoring(
  file: string,
  text: string,
  given: GivenPlace = {},
): Promise<Result<MonitoringSettings, readonly Diagnostic[]>> {
  const { source, diagnostics } = parseSource(await import('yaml'), file, text);
  if (source === undefined || diagnostics.length > 0) return err(diagnostics);
  const { validate } = await import('./generated/monitoring.js');
  if (!validate(source.value)) {
    const { default: schema } = await import('./monitoring.schema.json', {
      with: { type: 'json' },
    });
    const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'propertyNames');
    return err(errors.map((error) => inWords(error, source, schema)));
  }
  const problems: Diagnostic[] = [];
  const raw = {
    ...(source.value as unknown as Omit<RawMonitoring, 'project' | 'region'>),
    ...given,
  };
  for (const key of ['project', 'region'] as const) {
    if (Object.hasOwn(raw, key)) continue;
    const message = `${file} has no \`${key}\``;
    problems.push(
      diagnose('monitoring/missing-key', message, source.at.key([]), `or give it: --${key}`),
    );
  }
  const settings = settingsOf(raw as RawMonitoring, source, problems);
  return problems.length > 0 ? err(problems) : ok(settings);
}

type Duration = string | number;

interface RawMonitoring {
  readonly project: string;
  readonly region: string;
  readonly service: string;
  readonly channels?: { readonly [name: string]: { email?: string; existing?: string } };
  readonly notify?: readonly string[];
  readonly slos?: {
    readonly availability?: RawObjective;
    readonly latency?: RawObjective & { readonly below: Duration };
    readonly cpu?: RawObjective & { readonly below: number };
  };
  readonly burn_rates?: { readonly [speed in 'fast' | 'slow']?: RawBurn };
  readonly alerts?: {
    readonly [name in 'requests' | 'cpu' | 'ingress']?: {
      readonly above: number | string;
      readonly for?: Duration;
    };
  };
  readonly dashboard?: boolean;
}

interface RawObjective {
  readonly goal: number;
  readonly window?: Duration;
}

interface RawBurn {
  readonly rate: number;
  readonly window: Duration;
  readonly short: Duration;
}

function settingsOf(
  raw: RawMonitoring,
  source: Source,
  problems: Diagnostic[],
): MonitoringSettings {
  /** Whole units of a duration; what is none is a problem at its place. */
  const whole = (value: Duration, unit: number, words: string, path: ValuePath): number => {
    const count = durationMs(value) / unit;
    if (Number.isInteger(count) && count > 0) return count;
    const message = `\`${path.join('.')}\` has to be whole ${words}`;
    problems.push(diagnose('monitoring/bad-value', message, source.at.value(path)));
    return 1;
  };
  const objective = ({ goal, window = '28d' }: RawObjective, name: string): Objective => {
    const path = ['slos', name, 'window'];
    const windowDays = whole(window, DAY_MS, 'days', path);
    if (windowDays > MOST_DAYS) {
      const message = `\`${path.join('.')}\` is more than ${MOST_DAYS} days`;
      problems.push(diagnose('monitoring/bad-value', message, source.at.value(path)));
    }
    return { goal, windowDays };
  };
  const burnRate = (speed: 'fast' | 'slow') => {
    const given = raw.burn_rates?.[speed];
    if (given === undefined) return BURN_RATES[speed];
    const path = ['burn_rates', speed];
    return {
      rate: given.rate,
      windowSeconds: 60 * whole(given.window, MINUTE_MS, 'minutes', [...path, 'window']),
      shortSeconds: 60 * whole(given.short, MINUTE_MS, 'minutes', [...path, 'short']),
    };
  };
  const threshold = (name: 'requests' | 'cpu' | 'ingress'): Threshold | undefined => {
    const given = raw.alerts?.[name];
    if (given === undefined) return undefined;
    const minutes = whole(given.for ?? '5m', MINUTE_MS, 'minutes', ['alerts', name, 'for']);
    return { above: sizeBytes(given.above), forSeconds: 60 * minutes };
  };
  const channels = Object.entries(raw.channels ?? {});
  const names = channels.map(([name]) => name);
  for (const [index, name] of (raw.notify ?? []).entries()) {
    if (names.includes(name)) continue;
    const near = closest(name, names);
    const hint =
      near === undefined ? `channels: ${names.join(', ') || 'none'}` : `did you mean "${near}"?`;
    const place = source.at.value(['notify', index]);
    problems.push(
      diagnose('monitoring/unknown-channel', `there is no channel \`${name}\``, place, hint),
    );
  }
  const { availability, latency, cpu } = raw.slos ?? {};
  const [requests, busy, ingress] = [threshold('requests'), threshold('cpu'), threshold('ingress')];
  return {
    project: raw.project,
    region: raw.region,
    service: raw.service,
    channels: Object.fromEntries(channels.map(([name, one]) => [name, channelOf(one)])),
    notify: raw.notify ?? names,
    slos: {
      ...(availability && { availability: objective(availability, 'availability') }),
      ...(latency && {
        latency: { ...objective(latency, 'latency'), belowMs: durationMs(latency.below) },
      }),
      ...(cpu && { cpu: { ...objective(cpu, 'cpu'), below: cpu.below } }),
    },
    burnRates: { fast: burnRate('fast'), slow: burnRate('slow') },
    alerts: {
      ...(requests && { requests }),
      ...(busy && { cpu: busy }),
      ...(ingress && { ingress }),
    },
    dashboard: raw.dashboard ?? true,
  };
}

const channelOf = ({ email, existing = '' }: { email?: string; existing?: string }): Channel =>
  email === undefined ? { kind: 'existing', name: existing } : { kind: 'email', address: email };

function inWords(
  { keyword, instancePath, params, propertyName }: ErrorObject,
  source: Source,
  schema: JsonObject,
): Diagnostic {
  const above = instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const extra: unknown = propertyName ?? params['additionalProperty'];
  const path = typeof extra === 'string' ? [...above, extra] : above;
  const what = path.length === 0 ? source.file : `\`${path.join('.')}\``;
  const found = nameOfType(lookUpPath(source.value, path));
  switch (keyword) {
    case 'required': {
      const message = `${what} has no \`${String(params['missingProperty'])}\``;
      return diagnose('monitoring/missing-key', message, source.at.key(path), EVERY_KEY);
    }
    case 'additionalProperties': {
      const keys = Object.keys(objectOf(schemaAt(schema, above)?.['properties']));
      const near = closest(String(extra), keys);
      const hint = near === undefined ? `it has: ${keys.join(', ')}` : `did you mean "${near}"?`;
      return diagnose('monitoring/unknown-key', `there is no ${what}`, source.at.key(path), hint);
    }
    default: {
      const meaning = schemaAt(schema, path)?.['description'] as string | undefined;
      const place = propertyName === undefined ? source.at.value(path) : source.at.key(path);
      const message = `${what} cannot be ${propertyName === undefined ? found : 'a name'}`;
      return diagnose('monitoring/bad-value', message, place, meaning ?? EVERY_KEY);
    }
  }
}

const EVERY_KEY = 'schemas/monitoring.schema.json says every key';

/** The part of the schema that describes the value at `path`. */
function schemaAt(schema: JsonObject, path: ValuePath): JsonObject | undefined {
  let node: JsonObject | undefined = schema;
  for (const key of path) {
    const properties = objectOf(node?.['properties']);
    node = resolved(properties[key] ?? node?.['additionalProperties'], schema);
  }
  return node;
}

/** Beside a `$ref` may stand a description that says more than the definition's. */
function resolved(node: JsonValue | undefined, schema: JsonObject): JsonObject | undefined {
  if (!isJsonObject(node)) return undefined;
  const reference = node['$ref'];
  if (typeof reference !== 'string') return node;
  const definition = objectOf(schema['definitions'])[reference.split('/').at(-1) ?? ''];
  return { ...objectOf(definition), ...node };
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
