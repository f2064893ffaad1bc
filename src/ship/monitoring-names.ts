import type { MonitoringSettings } from '../model/monitoring.ts';

/** Part of an address: lower-case letters, digits and hyphens. */
const resourceId = ({ region, service }: Pick<MonitoringSettings, 'region' | 'service'>): string =>
  `avian-${region}-${service}`;

/** The name of an objective is chosen by us, so that alerts can be planned before it is there. */
export const sloName = (settings: MonitoringSettings, name: ObjectiveName): string =>
  `projects/${settings.project}/services/${resourceId(settings)}/serviceLevelObjectives/${name}`;

/** A filter of Cloud Monitoring for one of Cloud Run's metrics of the service. */
export const metricFilter = (
  metric: string,
  { service, region }: Pick<MonitoringSettings, 'service' | 'region'>,
  more = '',
): string =>
  `metric.type="run.googleapis.com/${metric}" resource.type="cloud_run_revision" ` +
  `resource.labels.service_name="${service}" resource.labels.location="${region}"${more}`;

export const METRICS = {
  requests: 'request_count',
  latencies: 'request_latencies',
  cpu: 'container/cpu/utilizations',
  ingress: 'container/network/received_bytes_count',
  instances: 'container/instance_count',
} as const;

export type ObjectiveName = keyof MonitoringSettings['slos'];
