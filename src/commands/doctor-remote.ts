import type { Problem } from '../model/diagnostic.ts';
import type { Remote } from '../model/remote.ts';
import { ok, type Result } from '../model/result.ts';
import type { DoctorView } from '../model/views.ts';
import { tryRemote } from '../transfer/try-remote.ts';
import { readRemoteProject, transferPorts, type RemoteContext } from './remote-context.ts';

export interface DoctorRemoteContext extends RemoteContext {
  /** How requests to an address prove who asks, in words; a failure with what mends it. */
  readonly credentials: (remote: Remote) => Promise<Credentials>;
}

export type Credentials =
  | { readonly kind: 'found' | 'not-needed'; readonly detail: string }
  | { readonly kind: 'missing'; readonly detail: string; readonly hint: string };

/** `avian doctor --remote`: does once everything that transfers do, and says what mends what fails. */
export async function doctorRemote(
  name: string | undefined,
  context: DoctorRemoteContext,
): Promise<Result<DoctorView, Problem>> {
  const project = await readRemoteProject(name, context);
  if (!project.ok) return project;
  const { remote } = project.value;
  const at = remote.endpoint === undefined ? remote.url : `${remote.url} at ${remote.endpoint}`;
  const credentials = await context.credentials(remote);
  const checks: DoctorView['checks'] = [
    { name: 'remote', state: 'ok', detail: `${remote.name}: ${at}` },
    {
      name: 'credentials',
      state: credentials.kind === 'missing' ? 'failed' : 'ok',
      detail: credentials.detail,
      ...(credentials.kind === 'missing' && { hint: credentials.hint }),
    },
  ];
  // Without them every request would say the same.
  if (credentials.kind === 'missing') return ok({ checks });
  const found = await tryRemote(await context.connect(remote), transferPorts(context), {
    ...{ jobs: 1, signal: context.signal },
  });
  return ok({ checks: [...checks, ...found] });
}
