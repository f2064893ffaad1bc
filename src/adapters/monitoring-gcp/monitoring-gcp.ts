import type { JsonObject } from '../../model/json.ts';
import type { FoundResource, MonitoringKind, WantedResource } from '../../model/monitoring.ts';
import { assertNever, err, ok, type Result } from '../../model/result.ts';
import type { Monitoring, MonitoringFailure, MonitoringScope } from '../../ports/monitoring.ts';
import { openClients, type Clients, type ClientOptions } from './clients.ts';
import { failureOf } from './failures.ts';
import { isOurs, keyOf, labelsOf } from './labels.ts';

/** The id of the service in Cloud Monitoring: chosen, so that what refers to it can be planned before it is there. */
const serviceId = ({ region, service }: MonitoringScope): string => `avian-${region}-${service}`;

/** A call with its own deadline, retries of the client included: nothing hangs. */
const CALL = { timeout: 30_000 };

/** A resource as the API gives it. */
type Named = JsonObject & { readonly name: string };

/**
 * Cloud Monitoring through Google's own client, which is loaded at the first call. Services, objectives, channels and
 * policies carry our labels as user labels; dashboards have labels of their own.
 */
export function openMonitoring(scope: MonitoringScope, options: ClientOptions = {}): Monitoring {
  const project = `projects/${scope.project}`;
  const parent = `${project}/services/${serviceId(scope)}`;
  let opened: Promise<Clients> | undefined;
  const clients = (): Promise<Clients> => (opened ??= openClients(scope.project, options));

  const attempt = async <T>(
    work: (open: Clients) => Promise<T>,
  ): Promise<Result<T, MonitoringFailure>> => {
    try {
      return ok(await work(await clients()));
    } catch (error) {
      return err(failureOf(error));
    }
  };

  return {
    list: () =>
      attempt(async ({ alerts, channels, services, dashboards }) => {
        const [policies] = await alerts.listAlertPolicies({ name: project }, CALL);
        const [told] = await channels.listNotificationChannels({ name: project }, CALL);
        const [watched] = await services.listServices({ parent: project }, CALL);
        const ofService = ours('service', plain(watched), scope);
        const objectives = await Promise.all(
          ofService.map(async ({ name }) => {
            const [found] = await services.listServiceLevelObjectives({ parent: name }, CALL);
            return ours('slo', plain(found), scope);
          }),
        );
        return [
          ...ofService,
          ...objectives.flat(),
          ...ours('channel', plain(told), scope),
          ...ours('policy', plain(policies), scope),
          ...ours('dashboard', await dashboards.list(), scope),
        ];
      }),

    create: (wanted) =>
      attempt(async ({ alerts, channels, services, dashboards }) => {
        const body = labelled(wanted, scope);
        switch (wanted.kind) {
          case 'service': {
            const [made] = await services.createService(
              { parent: project, serviceId: serviceId(scope), service: body },
              CALL,
            );
            return nameOf(made);
          }
          case 'slo': {
            const [made] = await services.createServiceLevelObjective(
              { parent, serviceLevelObjectiveId: wanted.key, serviceLevelObjective: body },
              CALL,
            );
            return nameOf(made);
          }
          case 'channel': {
            const request = { name: project, notificationChannel: body };
            const [made] = await channels.createNotificationChannel(request, CALL);
            return nameOf(made);
          }
          case 'policy': {
            const [made] = await alerts.createAlertPolicy(
              { name: project, alertPolicy: body },
              CALL,
            );
            return nameOf(made);
          }
          case 'dashboard':
            return nameOf(await dashboards.create(body));
          default:
            return assertNever(wanted.kind);
        }
      }),

    update: (name, wanted) =>
      attempt(async ({ alerts, channels, services, dashboards }) => {
        const body = { ...labelled(wanted, scope), name };
        switch (wanted.kind) {
          case 'service':
            await services.updateService({ service: body }, CALL);
            return;
          case 'slo':
            await services.updateServiceLevelObjective({ serviceLevelObjective: body }, CALL);
            return;
          case 'channel':
            await channels.updateNotificationChannel({ notificationChannel: body }, CALL);
            return;
          case 'policy':
            await alerts.updateAlertPolicy({ alertPolicy: body }, CALL);
            return;
          case 'dashboard':
            await dashboards.update(name, body);
            return;
          default:
            assertNever(wanted.kind);
        }
      }),

    async remove(kind, name) {
      const done = await attempt((open) => removeFrom(open, kind, name));
      return done.ok || done.error.kind !== 'refused' || !done.error.isGone ? done : ok(undefined);
    },

    async close() {
      const open = await opened?.catch(() => undefined);
      await open?.close();
    },
  };
}

async function removeFrom(
  { alerts, channels, services, dashboards }: Clients,
  kind: MonitoringKind,
  name: string,
): Promise<void> {
  switch (kind) {
    case 'service':
      await services.deleteService({ name }, CALL);
      return;
    case 'slo':
      await services.deleteServiceLevelObjective({ name }, CALL);
      return;
    case 'channel':
      // `force` would take it out of policies of others that came to use it.
      await channels.deleteNotificationChannel({ name, force: false }, CALL);
      return;
    case 'policy':
      await alerts.deleteAlertPolicy({ name }, CALL);
      return;
    case 'dashboard':
      await dashboards.remove(name);
      return;
    default:
      assertNever(kind);
  }
}

const labelled = ({ kind, key, body }: WantedResource, scope: MonitoringScope): JsonObject => ({
  ...body,
  [kind === 'dashboard' ? 'labels' : 'userLabels']: labelsOf(scope, key),
});

function ours(
  kind: MonitoringKind,
  resources: readonly Named[],
  scope: MonitoringScope,
): readonly FoundResource[] {
  return resources.flatMap((body) => {
    const labels = body[kind === 'dashboard' ? 'labels' : 'userLabels'];
    return isOurs(labels, scope) ? [{ kind, key: keyOf(labels), name: body.name, body }] : [];
  });
}

/** Messages as plain JSON: what the client gives may have prototypes and longs of its own. */
const plain = (messages: readonly object[]): readonly Named[] =>
  JSON.parse(JSON.stringify(messages)) as readonly Named[];

function nameOf({ name }: { readonly name?: unknown }): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new Error('what was made came back without a name');
}
