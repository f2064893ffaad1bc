import { readMonitoring, type GivenPlace } from '../config/read-monitoring.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import type {
  FoundResource,
  MonitoringAction,
  MonitoringSettings,
  MonitoringView,
  WantedResource,
} from '../model/monitoring.ts';
import { assertNever, err, ok, type Result } from '../model/result.ts';
import type { Monitoring, MonitoringFailure, MonitoringScope } from '../ports/monitoring.ts';
import { channelNames, planMonitoring, withNames } from '../ship/monitoring-plan.ts';
import { wantedResources } from '../ship/monitoring-resources.ts';

export interface MonitoringPorts {
  readonly open: (scope: MonitoringScope) => Monitoring;
  /** A line of talk, before each change. */
  readonly notify: (message: string) => void;
}

export interface MonitoringOptions {
  readonly file: string;
  /** What the file says, undefined where there is none. */
  readonly text: string | undefined;
  readonly apply: boolean;
  /** Goes before what the file says. */
  readonly given?: GivenPlace;
}

/** `avian monitoring plan|apply`: makes what watches a service what monitoring.yaml says, or tells what that would take. */
export async function monitoring(
  options: MonitoringOptions,
  ports: MonitoringPorts,
): Promise<Result<MonitoringView, Problem>> {
  const settings = await monitoringSettings(options);
  return settings.ok ? watchService(settings.value, options.apply, ports) : settings;
}

/** What a file of objectives, alerts and channels says, or all that is wrong with it. */
export async function monitoringSettings({
  file,
  text,
  given,
}: Omit<MonitoringOptions, 'apply'>): Promise<Result<MonitoringSettings, Problem>> {
  if (text === undefined) {
    const hint = 'write one; schemas/monitoring.schema.json says every key';
    return err(problem('pipeline', 'monitoring/no-file', `there is no ${file}`, hint));
  }
  const settings = await readMonitoring(file, text, given);
  return settings.ok ? settings : err({ kind: 'pipeline', diagnostics: settings.error });
}

/**
 * Only resources that carry our labels for this service are looked at; what the settings no longer say is removed.
 * A failure leaves what was done; the next time does the rest.
 */
export async function watchService(
  settings: MonitoringSettings,
  apply: boolean,
  ports: MonitoringPorts,
): Promise<Result<MonitoringView, Problem>> {
  const { project, region, service } = settings;
  const opened = ports.open({ project, region, service });
  try {
    const found = await opened.list();
    if (!found.ok) return err(inWords(found.error, settings, 'what is there could not be read'));
    const actions = planMonitoring(wantedResources(settings), found.value);
    if (apply) {
      const applied = await carryOut(actions, found.value, opened, settings, ports);
      if (!applied.ok) return applied;
    }
    return ok({ project, region, service, applied: apply, actions });
  } finally {
    await opened.close();
  }
}

async function carryOut(
  actions: readonly MonitoringAction[],
  found: readonly FoundResource[],
  opened: Monitoring,
  settings: MonitoringSettings,
  { notify }: MonitoringPorts,
): Promise<Result<void, Problem>> {
  const names = new Map(channelNames(found));
  const resolved = (wanted: WantedResource): WantedResource => ({
    ...wanted,
    body: withNames(wanted.body, names),
  });
  for (const action of actions) {
    if (action.kind === 'keep') continue;
    const { kind, key } = action.kind === 'delete' ? action.found : action.wanted;
    const what = `${action.kind} ${kind} ${key}`;
    notify(what);
    const done = await one(action);
    if (!done.ok) return err(inWords(done.error, settings, `could not ${what}`));
    if (kind === 'channel' && done.value !== undefined) names.set(key, done.value);
  }
  return ok(undefined);

  /** The name of what was created. */
  async function one(
    action: Exclude<MonitoringAction, { kind: 'keep' }>,
  ): Promise<Result<string | undefined, MonitoringFailure>> {
    switch (action.kind) {
      case 'create':
        return opened.create(resolved(action.wanted));
      case 'update': {
        const done = await opened.update(action.found.name, resolved(action.wanted));
        return done.ok ? ok(undefined) : done;
      }
      case 'delete': {
        const done = await opened.remove(action.found.kind, action.found.name);
        return done.ok ? ok(undefined) : done;
      }
      default:
        return assertNever(action);
    }
  }
}

const AGAIN = 'what was done stays; run it again for the rest';

function inWords(
  { kind, cause }: MonitoringFailure,
  { project }: MonitoringSettings,
  what: string,
): Problem {
  const tell = (code: string, hint: string): Problem =>
    problem('remote', code, `${what}: ${cause}`, hint);
  switch (kind) {
    case 'no-client':
      return tell('monitoring/no-client', 'npm install @google-cloud/monitoring');
    case 'no-credentials':
      return tell('monitoring/no-credentials', 'gcloud auth application-default login');
    case 'denied':
      return tell(
        'monitoring/denied',
        `gcloud projects add-iam-policy-binding ${project} --member=user:YOU@EXAMPLE.ORG --role=roles/monitoring.editor`,
      );
    case 'quota':
      return tell('monitoring/quota', `wait a minute; ${AGAIN}`);
    case 'unavailable':
      return tell('monitoring/unavailable', AGAIN);
    case 'refused':
      return tell('monitoring/refused', `correct monitoring.yaml; ${AGAIN}`);
    default:
      return assertNever(kind);
  }
}
