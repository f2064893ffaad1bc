import type * as monitoring from '@google-cloud/monitoring';
import { openDashboards, type Dashboards } from './dashboards.ts';

export interface ClientOptions {
  /** Another server than Google's. */
  readonly grpc?: {
    readonly apiEndpoint: string;
    readonly port: number;
    readonly sslCreds: object;
  };
  /** Another address than Google's for dashboards, without a token. */
  readonly dashboards?: string;
}

type ClientSettings = ConstructorParameters<typeof monitoring.AlertPolicyServiceClient>[0];

export interface Clients {
  readonly alerts: monitoring.AlertPolicyServiceClient;
  readonly channels: monitoring.NotificationChannelServiceClient;
  readonly services: monitoring.ServiceMonitoringServiceClient;
  readonly dashboards: Dashboards;
  close(): Promise<void>;
}

const GOOGLE = 'https://monitoring.googleapis.com';

/**
 * Half a second and 20 MB of memory, so it happens at the first call. The package is not installed with avian: who has no
 * monitoring.yaml needs none of its 17 MB.
 */
export async function openClients(projectId: string, options: ClientOptions): Promise<Clients> {
  const {
    AlertPolicyServiceClient,
    NotificationChannelServiceClient,
    ServiceMonitoringServiceClient,
  } = await import('@google-cloud/monitoring');
  const settings = { projectId, ...(options.grpc as ClientSettings) };
  const alerts = new AlertPolicyServiceClient(settings);
  const channels = new NotificationChannelServiceClient(settings);
  const services = new ServiceMonitoringServiceClient(settings);
  // The first call of a client without credentials ends the process: it rejects where nobody can listen. So they come first.
  if (options.grpc === undefined) await alerts.auth.getClient();
  await Promise.all([alerts.initialize(), channels.initialize(), services.initialize()]);
  const headers = async (): Promise<Headers> =>
    // No token is ever sent to another address than Google's.
    options.dashboards === undefined ? alerts.auth.getRequestHeaders() : new Headers();
  return {
    alerts,
    channels,
    services,
    dashboards: openDashboards(projectId, options.dashboards ?? GOOGLE, headers),
    async close() {
      await Promise.all([alerts.close(), channels.close(), services.close()]);
    },
  };
}
