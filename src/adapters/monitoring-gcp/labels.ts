import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { MonitoringScope } from '../../ports/monitoring.ts';

/** What makes a resource ours: nothing without all of these is ever changed or removed. */
export const labelsOf = ({ region, service }: MonitoringScope, key: string): JsonObject => ({
  'managed-by': 'avian',
  'avian-service': service,
  'avian-region': region,
  'avian-key': key,
});

export function isOurs(
  labels: JsonValue | undefined,
  scope: MonitoringScope,
): labels is JsonObject {
  if (!isJsonObject(labels)) return false;
  const key = keyOf(labels);
  if (key === '') return false;
  return Object.entries(labelsOf(scope, key)).every(([name, value]) => labels[name] === value);
}

export function keyOf(labels: JsonObject): string {
  const key = labels['avian-key'];
  return typeof key === 'string' ? key : '';
}
