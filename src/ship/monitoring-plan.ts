import { byCodeUnit, isJsonObject, type JsonValue } from '../model/json.ts';
import {
  MONITORING_KINDS,
  type FoundResource,
  type MonitoringAction,
  type WantedResource,
} from '../model/monitoring.ts';
import { referredKey } from './monitoring-resources.ts';

/**
 * What has to be done so that `found`, all that is ours, becomes `wanted`: first what is made or changed, in an order in
 * which everything referred to is there, then what goes, the other way round. Nothing to do is all `keep`.
 */
export function planMonitoring(
  wanted: readonly WantedResource[],
  found: readonly FoundResource[],
): readonly MonitoringAction[] {
  const there = new Map(found.map((resource) => [idOf(resource), resource]));
  const names = channelNames(found);
  const made = [...wanted].sort(byOrder).map((resource): MonitoringAction => {
    const same = there.get(idOf(resource));
    if (same === undefined) return { kind: 'create', wanted: resource };
    const changed = differences(withNames(resource.body, names), same.body);
    return changed.length === 0
      ? { kind: 'keep', wanted: resource, found: same }
      : { kind: 'update', wanted: resource, found: same, changed };
  });
  const meant = new Set(wanted.map(idOf));
  const gone = found
    .filter((resource) => !meant.has(idOf(resource)))
    .sort((a, b) => byOrder(b, a))
    .map((resource): MonitoringAction => ({ kind: 'delete', found: resource }));
  return [...made, ...gone];
}

/** Names of the channels that are there, by key. */
export function channelNames(found: readonly FoundResource[]): ReadonlyMap<string, string> {
  const channels = found.filter(({ kind }) => kind === 'channel');
  return new Map(channels.map(({ key, name }) => [key, name]));
}

/** The body with names in the place of references, as far as they are known. */
export function withNames<T extends JsonValue>(body: T, names: ReadonlyMap<string, string>): T {
  const replace = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') {
      const key = referredKey(value);
      return (key === undefined ? undefined : names.get(key)) ?? value;
    }
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(replace);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
  };
  return replace(body) as T;
}

/**
 * Dotted paths at which `found` is not what `wanted` says. Members that only `found` has were filled in by the API, or
 * mean nothing; a number may come back as text, as 64-bit ones do. Lists are compared whole.
 */
function differences(wanted: JsonValue, found: JsonValue | undefined, at = ''): string[] {
  if (Array.isArray(wanted)) {
    const items = wanted as readonly JsonValue[];
    const others: readonly JsonValue[] = Array.isArray(found) ? found : [];
    if (items.length !== others.length) return [at];
    return items.flatMap((item, index) => differences(item, others[index], `${at}[${index}]`));
  }
  if (isJsonObject(wanted)) {
    const other = isJsonObject(found) ? found : {};
    return Object.entries(wanted).flatMap(([key, value]) =>
      differences(value, other[key], at === '' ? key : `${at}.${key}`),
    );
  }
  // In Google's JSON a number, flag or text that is 0, false or empty is left out.
  const isAbsent = found === undefined || found === null;
  const actual = isAbsent && (wanted === 0 || wanted === false || wanted === '') ? wanted : found;
  return textOf(actual) === textOf(wanted) ? [] : [at];
}

const textOf = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);

const idOf = ({ kind, key }: Pick<WantedResource, 'kind' | 'key'>): string => `${kind}/${key}`;

const byOrder = (
  a: Pick<WantedResource, 'kind' | 'key'>,
  b: Pick<WantedResource, 'kind' | 'key'>,
): number =>
  MONITORING_KINDS.indexOf(a.kind) - MONITORING_KINDS.indexOf(b.kind) || byCodeUnit(a.key, b.key);
