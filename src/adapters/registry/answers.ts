import { problem, type Problem } from '../../model/diagnostic.ts';
import { isGoogle, LoginFailed } from './registry-credentials.ts';
import { Unreachable } from './registry-session.ts';

/** What was asked of whom. */
export interface Asked {
  readonly registry: string;
  readonly repository: string;
}

/** What an answer that is no success means, and what mends it. */
export function refusal(status: number, body: string, asked: Asked): Problem {
  const { registry, repository } = asked;
  const { code, message } = readError(body);
  const cause = `${status}${message === '' ? '' : ` ${message}`}`;
  const name = `${registry}/${repository}`;
  const told = (kind: string, text: string, hint?: string): Problem =>
    problem('remote', `registry/${kind}`, text, hint);
  if (status === 401 || status === 403) {
    return told('denied', `${name}: pushing is not allowed (${cause})`, allow(asked));
  }
  if (status === 404) {
    return told('not-found', `there is no ${name} (${cause})`, make(asked));
  }
  if (code === 'DIGEST_INVALID' || code === 'SIZE_INVALID') {
    const hint = 'build the image again: its bytes are not those that it names';
    return problem('corruption', 'registry/bad-digest', `${name} refuses a blob (${cause})`, hint);
  }
  if (status === 413) {
    return told('too-large', `${registry} takes no blob of that size (${cause})`);
  }
  if (status === 429 || status >= 500) {
    return told('unavailable', `${registry} is in trouble (${cause})`, 'push again later');
  }
  return told('refused', `${name}: the registry refuses (${cause})`);
}

/** @throws what is no failure of the registry's */
export function thrown(error: unknown, { registry }: Asked): Problem {
  if (error instanceof LoginFailed) {
    const hint = isGoogle(registry) ? GOOGLE_LOGIN : `docker login ${registry}`;
    const message = `no credentials for ${registry}: ${error.message}`;
    return problem('remote', 'registry/no-credentials', message, hint);
  }
  if (error instanceof Unreachable) {
    const message = `${registry} cannot be reached: ${error.message}`;
    return problem('remote', 'registry/unreachable', message, 'check the address and the network');
  }
  throw error;
}

const GOOGLE_LOGIN = 'gcloud auth application-default login';

function allow({ registry, repository }: Asked): string {
  if (!isGoogle(registry)) return `docker login ${registry}`;
  const [project = 'PROJECT', name = 'REPOSITORY'] = repository.split('/');
  const location = registry.replace(/-docker\.pkg\.dev$/, '');
  return (
    `${GOOGLE_LOGIN}; and grant roles/artifactregistry.writer: gcloud artifacts repositories ` +
    `add-iam-policy-binding ${name} --project=${project} --location=${location} ` +
    '--member=user:YOU@EXAMPLE.ORG --role=roles/artifactregistry.writer'
  );
}

function make({ registry, repository }: Asked): string | undefined {
  if (!registry.endsWith('-docker.pkg.dev')) return undefined;
  const [project = 'PROJECT', name = 'REPOSITORY'] = repository.split('/');
  const location = registry.replace(/-docker\.pkg\.dev$/, '');
  return `gcloud artifacts repositories create ${name} --repository-format=docker --project=${project} --location=${location}`;
}

/** The distribution protocol's JSON error, or the beginning of whatever else came. */
function readError(body: string): { readonly code: string; readonly message: string } {
  try {
    const { errors } = JSON.parse(body) as {
      errors?: readonly { code?: string; message?: string }[];
    };
    const [first] = errors ?? [];
    return { code: first?.code ?? '', message: `${first?.code ?? ''}: ${first?.message ?? ''}` };
  } catch {
    return { code: '', message: body.replaceAll(/\s+/g, ' ').trim().slice(0, 200) };
  }
}
