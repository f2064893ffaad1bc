import { problem, type Problem } from '../../model/diagnostic.ts';
import { redacted } from '../../model/redacted.ts';

/** What the client throws: a gRPC status, with Google's details where the service sent any. */
export interface CloudError {
  readonly code?: number | string;
  readonly details?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly statusDetails?: readonly unknown[];
}

/** Who asked for what, for the words of an error. */
export interface ErrorContext {
  readonly project: string;
  readonly region: string;
  readonly service: string;
  /** Email of the account that runs the service, where one was asked for. */
  readonly serviceAccount?: string | undefined;
  /** Member of IAM that asks: `serviceAccount:…`; undefined for a person. */
  readonly caller: string | undefined;
}

const CODES = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export const isCode = (error: unknown, code: keyof typeof CODES): boolean =>
  (error as CloudError).code === CODES[code];

/** A person's own member, as their shell fills it in. */
const ME = 'user:$(gcloud config get-value account)';

/** An error of Cloud Run, of its client or of the way there, in words with a code and what to do next. */
export function cloudProblem(thrown: unknown, context: ErrorContext): Problem {
  const error = thrown as CloudError;
  const said = redacted((error.details ?? error.message ?? String(thrown)).trim());
  const about = `${context.service} in ${context.project}, ${context.region}`;
  const remote = (code: string, message: string, hint: string): Problem =>
    problem('remote', code, message, hint);

  if (
    /Could not load the default credentials|invalid_grant|Unable to detect a Project/i.test(said)
  ) {
    return remote(
      'deploy/not-signed-in',
      `there are no credentials for Google Cloud: ${said}`,
      'gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS',
    );
  }
  switch (error.code) {
    case CODES.permissionDenied:
      return denied(said, error, context);
    case CODES.unauthenticated:
      return remote(
        'deploy/not-signed-in',
        `Cloud Run does not accept these credentials: ${said}`,
        'gcloud auth application-default login',
      );
    case CODES.resourceExhausted:
      return remote(
        'deploy/quota',
        `Cloud Run has no quota for this: ${said}`,
        /per minute|per 100 seconds|rate/i.test(said)
          ? 'wait a minute and run the same command again; it goes on where it was'
          : `a smaller --max-instances, --cpu or --memory, or more quota: https://console.cloud.google.com/iam-admin/quotas?project=${context.project}`,
      );
    case CODES.aborted:
      return remote(
        'deploy/changed-elsewhere',
        `somebody else changed ${about} at the same time: ${said}`,
        'run the same command again',
      );
    case CODES.alreadyExists:
      return remote(
        'deploy/already-exists',
        `Cloud Run has that already: ${said}`,
        'look with `avian rollout status`, then run the same command again',
      );
    case CODES.notFound:
      return notFound(said, about, context);
    case CODES.invalidArgument:
      return remote('deploy/refused', `Cloud Run refuses this: ${said}`, 'nothing was changed');
    case CODES.unavailable:
    case CODES.deadlineExceeded:
      return remote(
        'deploy/unreachable',
        `Cloud Run cannot be reached: ${unreached(said)}`,
        'run the same command again; it looks first at what was done',
      );
    case CODES.failedPrecondition:
      return precondition(said, context);
    default:
      return remote(
        'deploy/cloud-error',
        `Cloud Run failed (${error.code ?? 'no code'}): ${said}`,
        'run the same command again; it goes on where it was',
      );
  }
}

/** Of the client's account of all its tries, the end of the last one. */
const unreached = (said: string): string =>
  /Last error: (?:Error: )?(.+?)(?:\. Resolution note|: Previous errors|$)/.exec(said)?.[1] ??
  said.replace(/\s*: Previous errors[\s\S]*/, '');

/** Which role holds a permission; the first pattern that fits. */
const ROLES: readonly (readonly [RegExp, string])[] = [
  [/^run\.services\.[gs]etIamPolicy$/, 'roles/run.admin'],
  [/^run\.services\.invoke$|^run\.routes\.invoke$/, 'roles/run.invoker'],
  [/^run\./, 'roles/run.developer'],
  [/^artifactregistry\./, 'roles/artifactregistry.reader'],
  [/^secretmanager\./, 'roles/secretmanager.secretAccessor'],
];

function denied(said: string, error: CloudError, context: ErrorContext): Problem {
  const { project, region, service } = context;
  const member = context.caller ?? ME;
  const remote = (message: string, hint: string, code = 'deploy/permission-denied'): Problem =>
    problem('remote', code, message, hint);
  if (
    error.reason === 'SERVICE_DISABLED' ||
    /has not been used in project|is disabled/.test(said)
  ) {
    return remote(
      `the Cloud Run API is switched off in ${project}`,
      `gcloud services enable run.googleapis.com --project=${project}`,
      'deploy/api-disabled',
    );
  }
  const [, permission] = /[Pp]ermission '?([\w.]+)'?/.exec(said) ?? [];
  if (permission !== undefined && /^iam\.service[Aa]ccounts\.actAs$/.test(permission)) {
    const [, named] = /service account '?([^\s'()]+@[^\s'()]+)/.exec(said) ?? [];
    const account = named ?? context.serviceAccount ?? 'ACCOUNT';
    return remote(
      `you may not run services as ${account}: that takes roles/iam.serviceAccountUser on it`,
      `gcloud iam service-accounts add-iam-policy-binding ${account} --project=${project} --member="${member}" --role=roles/iam.serviceAccountUser`,
    );
  }
  const role =
    ROLES.find(([pattern]) => pattern.test(permission ?? ''))?.[1] ?? 'roles/run.developer';
  const grant =
    role === 'roles/run.invoker'
      ? `gcloud run services add-iam-policy-binding ${service} --project=${project} --region=${region}`
      : `gcloud projects add-iam-policy-binding ${project}`;
  return remote(
    `you may not do this in ${project}${permission === undefined ? '' : ` (${permission})`}: that takes ${role}; Cloud Run says: ${said}`,
    `${grant} --member="${member}" --role=${role}`,
  );
}

function notFound(said: string, about: string, context: ErrorContext): Problem {
  if (/[Ii]mage '?\S+'? not found/.test(said)) return imageMissing(said);
  return problem(
    'remote',
    'deploy/not-found',
    `Cloud Run does not find this (${about}): ${said}`,
    `are --project=${context.project} and --region=${context.region} right? \`gcloud run regions list\` shows the regions`,
  );
}

const imageMissing = (said: string): Problem =>
  problem(
    'remote',
    'deploy/image-not-found',
    `Cloud Run does not find the image: ${said}`,
    '`avian image push` puts it there, and prints the reference to deploy',
  );

/** A revision that did not become ready is told as a failed precondition. */
function precondition(said: string, { project, service, region }: ErrorContext): Problem {
  if (/[Ii]mage '?\S+'? not found/.test(said)) return imageMissing(said);
  if (
    /permitted customer|organization policy|constraints\/iam\.allowedPolicyMemberDomains/i.test(
      said,
    )
  ) {
    return problem(
      'remote',
      'deploy/public-forbidden',
      `your organisation does not let ${service} be called by everybody: ${said}`,
      `deploy with --no-allow-unauthenticated, or ask for an exception; \`gcloud run services update ${service} --project=${project} --region=${region} --no-invoker-iam-check\` may be allowed`,
    );
  }
  const agent = /must have permission to read the image|artifactregistry/i.test(said);
  return problem(
    agent ? 'remote' : 'stage',
    agent ? 'deploy/image-forbidden' : 'deploy/unhealthy',
    said,
    agent
      ? `gcloud projects add-iam-policy-binding ${project} --member="serviceAccount:service-$(gcloud projects describe ${project} --format='value(projectNumber)')@serverless-robot-prod.iam.gserviceaccount.com" --role=roles/artifactregistry.reader`
      : 'what was in service before still is; --health and --timeout set what Cloud Run waits for, --port where',
  );
}
