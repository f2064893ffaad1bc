import { RevisionsClient, ServicesClient, type protos } from '@google-cloud/run';
import { credentials } from '@grpc/grpc-js';
import type { CloudService } from '../../model/cloud-service.ts';
import type { Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { ChangeRefused, CloudServices } from '../../ports/cloud-services.ts';
import { cloudProblem, isCode, type ErrorContext } from './cloud-errors.ts';
import { changedService, newService, noteOf, readRevision, readService } from './service-codec.ts';

type IService = protos.google.cloud.run.v2.IService;
type IBinding = protos.google.iam.v1.IBinding;

export interface CloudRunOptions {
  readonly project: string;
  readonly region: string;
  /** Another address than Google's, for an emulator: `http://HOST:PORT` (without credentials) or `https://…`. */
  readonly endpoint?: string;
}

const INVOKER = 'roles/run.invoker';
const EVERYBODY = 'allUsers';

/** Cloud Run through Google's client. Opens no connection before the first call. */
export function openCloudRun({ project, region, endpoint }: CloudRunOptions): CloudServices {
  const parent = `projects/${project}/locations/${region}`;
  const resourceOf = (name: string): string => `${parent}/services/${name}`;
  const address = endpoint === undefined ? undefined : new URL(endpoint);
  const insecure = address?.protocol === 'http:';
  const options = {
    ...(address && { apiEndpoint: address.hostname }),
    ...(address && { port: Number(address.port || (insecure ? 80 : 443)) }),
    // An emulator is on this machine or beside it; a proxy would not find it.
    ...(insecure && { sslCreds: credentials.createInsecure(), 'grpc.enable_http_proxy': 0 }),
    // Or the client asks the metadata server of a machine on Google's cloud for it.
    ...(insecure && { clientOptions: { universeDomain: 'googleapis.com' } }),
    fallback: false,
  };
  const services = new ServicesClient(options);
  // Few commands ask for revisions, and a client is a connection.
  let revisionsClient: RevisionsClient | undefined;
  /** What an update sends back: fields that avian knows nothing of have to survive it. */
  const read = new WeakMap<CloudService, IService>();

  const contextOf = async (name: string, serviceAccount?: string): Promise<ErrorContext> => ({
    ...{ project, region, service: name, serviceAccount },
    caller: insecure ? undefined : await callerOf(services),
  });
  const failed = async (thrown: unknown, name: string, serviceAccount?: string): Promise<Problem> =>
    cloudProblem(thrown, await contextOf(name, serviceAccount));
  const refused = async (
    thrown: unknown,
    name: string,
    serviceAccount?: string,
  ): Promise<Result<never, ChangeRefused>> =>
    err({
      kind: isCode(thrown, 'aborted')
        ? 'changed'
        : isCode(thrown, 'alreadyExists')
          ? 'name-taken'
          : 'other',
      problem: await failed(thrown, name, serviceAccount),
    });

  return {
    resourceOf,

    async get(name) {
      try {
        const [raw] = await services.getService({ name: resourceOf(name) });
        const service = readService(raw);
        read.set(service, raw);
        return ok(service);
      } catch (thrown) {
        return isCode(thrown, 'notFound') ? ok(undefined) : err(await failed(thrown, name));
      }
    },

    async revisions(name) {
      revisionsClient ??= new RevisionsClient(options);
      try {
        const [all] = await revisionsClient.listRevisions({ parent: resourceOf(name) });
        return ok(
          all
            .map(readRevision)
            .toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt)),
        );
      } catch (thrown) {
        return err(await failed(thrown, name));
      }
    },

    async create(name, first) {
      try {
        const [operation] = await services.createService({
          parent,
          serviceId: name,
          service: newService(first),
        });
        return ok(operation.name ?? '');
      } catch (thrown) {
        return refused(thrown, name, first.recipe.serviceAccount);
      }
    },

    async update(service, change) {
      const raw = read.get(service);
      if (raw === undefined) throw new Error('bug: a service is updated as it was read');
      const changed = changedService(raw, change);
      try {
        const [operation] = await services.updateService({
          service: changed.service,
          updateMask: { paths: changed.paths },
        });
        return ok(operation.name ?? '');
      } catch (thrown) {
        return refused(thrown, service.name, change.template?.recipe.serviceAccount);
      }
    },

    async operation(name) {
      const service = '';
      try {
        const state = await services.checkUpdateServiceProgress(name);
        const metadata = state.metadata as IService | null;
        if (state.error) {
          const of = metadata?.name?.split('/').at(-1) ?? service;
          return ok({ kind: 'failed', problem: await failed(state.error, of) });
        }
        if (state.done === true) return ok({ kind: 'done' });
        return ok({ kind: 'running', note: noteOf(metadata?.conditions) });
      } catch (thrown) {
        return isCode(thrown, 'notFound')
          ? ok({ kind: 'unknown' })
          : err(await failed(thrown, service));
      }
    },

    async setAccess(name, access) {
      const resource = resourceOf(name);
      const attempt = async (): Promise<void> => {
        const [policy] = await services.getIamPolicy({
          resource,
          options: { requestedPolicyVersion: 3 },
        });
        const bindings = withAccess(policy.bindings ?? [], access === 'public');
        await services.setIamPolicy({ resource, policy: { ...policy, bindings } });
      };
      try {
        try {
          await attempt();
        } catch (thrown) {
          // The policy's etag: somebody else changed another binding.
          if (!isCode(thrown, 'aborted')) throw thrown;
          await attempt();
        }
        return ok(undefined);
      } catch (thrown) {
        return err(await failed(thrown, name));
      }
    },

    async identityToken(audience) {
      if (insecure) return undefined;
      try {
        const client = await services.auth.getIdTokenClient(audience);
        return await client.idTokenProvider.fetchIdToken(audience);
      } catch {
        // A person's own credentials make none; a public service needs none.
        return undefined;
      }
    },

    async close() {
      await Promise.all([services.close(), revisionsClient?.close()]);
    },
  };
}

/** Every other binding, conditions included, stays as it is. */
function withAccess(bindings: readonly IBinding[], open: boolean): IBinding[] {
  const others = bindings
    .map((binding) =>
      binding.role === INVOKER && !binding.condition
        ? { ...binding, members: (binding.members ?? []).filter((one) => one !== EVERYBODY) }
        : binding,
    )
    .filter(({ members }) => (members ?? []).length > 0);
  return open ? [...others, { role: INVOKER, members: [EVERYBODY] }] : others;
}

async function callerOf(services: ServicesClient): Promise<string | undefined> {
  try {
    const { client_email: email } = await services.auth.getCredentials();
    return email === undefined ? undefined : `serviceAccount:${email}`;
  } catch {
    return undefined;
  }
}
