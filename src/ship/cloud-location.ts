import type { Deployment } from '../model/deployment.ts';
import { problem, type Diagnostic, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';

/** Where on Cloud Run, as typed. */
export interface LocationOptions {
  readonly project?: string;
  readonly region?: string;
  /** Another address than Google's. */
  readonly endpoint?: string;
}

export interface CloudLocation {
  readonly project: string;
  readonly region: string;
  readonly endpoint: string | undefined;
}

/** Variables that gcloud and Google's libraries read, in the order of trust. */
const PROJECT = ['GOOGLE_CLOUD_PROJECT', 'CLOUDSDK_CORE_PROJECT', 'GCLOUD_PROJECT'];
const REGION = ['CLOUDSDK_RUN_REGION', 'GOOGLE_CLOUD_REGION'];

/** What was typed, else the environment, else where `name` was deployed last. */
export function locate(
  options: LocationOptions,
  variable: (name: string) => string | undefined,
  latest: Deployment | undefined,
): Result<CloudLocation, Problem> {
  const diagnostics: Diagnostic[] = [];
  const refuse = (code: string, message: string, hint: string): void => {
    diagnostics.push(...problem('usage', code, message, hint).diagnostics);
  };
  const [, deployedIn, deployedAt] =
    /^projects\/([^/]+)\/locations\/([^/]+)\//.exec(latest?.resource ?? '') ?? [];
  const first = (names: readonly string[]): string | undefined =>
    names.map(variable).find((value) => value !== undefined && value !== '');
  const project = options.project ?? first(PROJECT) ?? deployedIn;
  const region = options.region ?? first(REGION) ?? deployedAt;
  if (project === undefined) {
    refuse(
      'deploy/no-project',
      'which project of Google Cloud?',
      '--project, or GOOGLE_CLOUD_PROJECT',
    );
  } else if (!/^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(project)) {
    refuse(
      'deploy/bad-project',
      `\`${project}\` is no project id`,
      'as `gcloud projects list` shows it',
    );
  }
  if (region === undefined) {
    refuse('deploy/no-region', 'which region of Cloud Run?', '--region, or CLOUDSDK_RUN_REGION');
  } else if (!/^[a-z]+-[a-z]+[0-9]{1,2}$/.test(region)) {
    refuse('deploy/bad-region', `\`${region}\` is no region`, 'such as europe-west1');
  }
  const { endpoint } = options;
  if (endpoint !== undefined && !/^https?:\/\/[^/\s]+\/?$/.test(endpoint)) {
    refuse(
      'deploy/bad-endpoint',
      `--endpoint \`${endpoint}\` is no address`,
      'such as http://127.0.0.1:8085',
    );
  }
  if (diagnostics.length > 0 || project === undefined || region === undefined) {
    return err({ kind: 'usage', diagnostics });
  }
  return ok({ project, region, endpoint });
}
