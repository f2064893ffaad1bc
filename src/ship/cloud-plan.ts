import { INGRESS, type Access, type Ingress, type RevisionRecipe } from '../model/cloud-service.ts';
import { problem, type Diagnostic, type Problem } from '../model/diagnostic.ts';
import { byCodeUnit, canonicalJson } from '../model/json.ts';
import { err, ok, type Result } from '../model/result.ts';
import { parsePair } from './image-plan.ts';

/** What a person asks for on Cloud Run, as typed; names and defaults are gcloud's where it has them. */
export interface CloudRunOptions {
  readonly name: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly concurrency?: string;
  readonly minInstances?: string;
  readonly maxInstances?: string;
  /** `K=V` each. */
  readonly env?: readonly string[];
  /** `K=SECRET:VERSION` each. */
  readonly secret?: readonly string[];
  readonly serviceAccount?: string;
  readonly port?: number;
  readonly health?: string;
  readonly timeoutMs?: number;
  /** Undefined: as it is; `all` for a new service. */
  readonly ingress?: string;
  /** Undefined: as it is; a new service is private. */
  readonly allowUnauthenticated?: boolean;
}

export interface CloudPlan {
  readonly name: string;
  readonly recipe: RevisionRecipe;
  readonly ingress: Ingress | undefined;
  readonly access: Access | undefined;
}

type Refuse = (code: string, message: string, hint?: string) => undefined;

const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** Cloud Run sets these itself and refuses to be told. */
const RESERVED = new Set(['PORT', 'K_SERVICE', 'K_REVISION', 'K_CONFIGURATION']);

/** Checks everything against Cloud Run's rules before anything is asked of it; every problem at once. */
export function planCloudRun(options: CloudRunOptions, image: string): Result<CloudPlan, Problem> {
  const diagnostics: Diagnostic[] = [];
  const refuse: Refuse = (code, message, hint) => {
    diagnostics.push(...problem('usage', code, message, hint).diagnostics);
    return undefined;
  };
  const cpu = millicores(options.cpu ?? '1', refuse);
  const memory = bytesOf(options.memory ?? '512Mi', refuse);
  const concurrency = count('--concurrency', options.concurrency, 80, [1, 1000], refuse);
  const minInstances = count('--min-instances', options.minInstances, 0, [0, 1000], refuse);
  // Cloud Run's own limit is 100; a bill with a lid is the better surprise.
  const maxInstances = count('--max-instances', options.maxInstances, 10, [1, 1000], refuse);
  if (minInstances > maxInstances) {
    refuse(
      'deploy/bad-instances',
      `--min-instances ${minInstances} is more than --max-instances ${maxInstances}`,
    );
  }
  holdTogether(cpu, memory, concurrency, refuse);
  const env = (options.env ?? []).flatMap((text) => {
    const pair = parsePair('--env', text, refuse);
    if (pair !== undefined && RESERVED.has(pair[0])) {
      refuse('deploy/reserved-env', `--env ${pair[0]} is set by Cloud Run itself`, 'leave it out');
    }
    return pair === undefined ? [] : [pair];
  });
  const secrets = (options.secret ?? []).flatMap((text) => secretOf(text, refuse) ?? []);
  for (const [name] of secrets) {
    if (env.some(([other]) => other === name)) {
      refuse('deploy/env-twice', `${name} is given by --env and by --secret`);
    }
  }
  const { serviceAccount } = options;
  if (serviceAccount !== undefined && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(serviceAccount)) {
    refuse(
      'deploy/bad-service-account',
      `--service-account \`${serviceAccount}\` is no email`,
      'such as NAME@PROJECT.iam.gserviceaccount.com',
    );
  }
  const ingress = INGRESS.find((known) => known === options.ingress);
  if (options.ingress !== undefined && ingress === undefined) {
    refuse(
      'deploy/bad-ingress',
      `--ingress \`${options.ingress}\` is unknown`,
      `one of: ${INGRESS.join(', ')}`,
    );
  }
  if (diagnostics.length > 0) return err({ kind: 'usage', diagnostics });
  const startup = Math.ceil((options.timeoutMs ?? 240_000) / 1000);
  return ok({
    name: options.name,
    recipe: {
      ...{ image, cpu, memory, concurrency, minInstances, maxInstances },
      env: Object.fromEntries(env.toSorted(([a], [b]) => byCodeUnit(a, b))),
      secrets: Object.fromEntries(secrets.toSorted(([a], [b]) => byCodeUnit(a, b))),
      serviceAccount,
      port: options.port === undefined || options.port === 0 ? 8080 : options.port,
      health: options.health ?? '/readyz',
      // Even, since the probe asks every two seconds.
      startupSeconds: Math.min(240, Math.max(2, Math.ceil(startup / 2) * 2)),
    },
    ingress,
    access:
      options.allowUnauthenticated === undefined
        ? undefined
        : options.allowUnauthenticated
          ? 'public'
          : 'private',
  });
}

/** `1`, `0.5` or `500m`. */
function millicores(text: string, refuse: Refuse): number {
  const [, whole, milli] = /^(?:([0-9]+(?:\.[0-9]+)?)|([0-9]+)m)$/.exec(text) ?? [];
  const cpu = milli === undefined ? Math.round(Number(whole) * 1000) : Number(milli);
  const known = (cpu >= 80 && cpu <= 1000) || [2000, 4000, 6000, 8000].includes(cpu);
  if (!known) refuse('deploy/bad-cpu', `--cpu \`${text}\` is not offered`, '0.08 to 1, 2, 4, 6, 8');
  return cpu;
}

/** `512Mi`, `1Gi`, `1G`. */
function bytesOf(text: string, refuse: Refuse): number {
  const [, amount, unit = ''] = /^([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|k|M|G)?$/.exec(text) ?? [];
  const factors: { readonly [unit: string]: number } = {
    ...{ '': 1, k: 1e3, M: 1e6, G: 1e9 },
    ...{ Ki: 1024, Mi: MIB, Gi: GIB },
  };
  const bytes = Math.round(Number(amount) * (factors[unit] ?? NaN));
  if (!(bytes >= 128 * MIB && bytes <= 32 * GIB)) {
    refuse('deploy/bad-memory', `--memory \`${text}\` is not offered`, '128Mi to 32Gi');
  }
  return bytes;
}

/** Rules between the numbers, from Cloud Run's documentation of CPU and memory limits. */
function holdTogether(cpu: number, memory: number, concurrency: number, refuse: Refuse): void {
  if (cpu < 1000 && concurrency !== 1) {
    refuse(
      'deploy/bad-concurrency',
      `less than one CPU answers one request at a time, not ${concurrency}`,
      '--concurrency 1, or --cpu 1',
    );
  }
  const least = cpu >= 6000 ? 4 * GIB : cpu >= 4000 ? 2 * GIB : 0;
  if (memory < least) {
    refuse('deploy/bad-memory', `--cpu ${cpu / 1000} needs --memory ${least / GIB}Gi or more`);
  }
  const mostCpu =
    memory > 24 * GIB
      ? 8000
      : memory > 16 * GIB
        ? 6000
        : memory > 8 * GIB
          ? 4000
          : memory > 4 * GIB
            ? 2000
            : 0;
  if (cpu < mostCpu) {
    refuse('deploy/bad-cpu', `that much --memory needs --cpu ${mostCpu / 1000} or more`);
  }
}

function count(
  flag: string,
  text: string | undefined,
  otherwise: number,
  [least, most]: readonly [number, number],
  refuse: Refuse,
): number {
  if (text === undefined) return otherwise;
  const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  refuse('deploy/bad-number', `${flag} \`${text}\` is out of range`, `${least} to ${most}`);
  return otherwise;
}

function secretOf(
  text: string,
  refuse: Refuse,
): readonly [readonly [string, { readonly secret: string; readonly version: string }]] | undefined {
  const [, name, secret, version = 'latest'] =
    /^([A-Za-z_][A-Za-z0-9_]*)=([\w/-]+)(?::([\w-]+))?$/.exec(text) ?? [];
  return name === undefined || secret === undefined
    ? refuse(
        'deploy/bad-secret',
        `--secret \`${text}\` is not NAME=SECRET:VERSION`,
        'such as API_KEY=api-key:latest',
      )
    : [[name, { secret, version }]];
}

/** What Cloud Run fills in when no service account is asked for. */
const DEFAULT_ACCOUNT = /^[0-9]+-compute@developer\.gserviceaccount\.com$/;

/** What differs between two recipes, a line each, with both values; empty when they make the same revision. */
export function differences(actual: RevisionRecipe, wanted: RevisionRecipe): readonly string[] {
  const account = actual.serviceAccount ?? '';
  const same =
    account === (wanted.serviceAccount ?? '') ||
    (wanted.serviceAccount === undefined && DEFAULT_ACCOUNT.test(account));
  const plain = (Object.keys(wanted) as (keyof RevisionRecipe)[]).filter(
    (key) => key !== 'serviceAccount' && canonicalJson(actual[key]) !== canonicalJson(wanted[key]),
  );
  return [
    ...plain.map((key) => `${LABELS[key]} ${shown(key, actual)} -> ${shown(key, wanted)}`),
    ...(same
      ? []
      : [`service account ${account || 'default'} -> ${wanted.serviceAccount ?? 'default'}`]),
  ];
}

const LABELS: { readonly [key in keyof RevisionRecipe]: string } = {
  image: 'image',
  cpu: 'cpu',
  memory: 'memory',
  concurrency: 'concurrency',
  minInstances: 'min instances',
  maxInstances: 'max instances',
  env: 'env',
  secrets: 'secrets',
  serviceAccount: 'service account',
  port: 'port',
  health: 'health',
  startupSeconds: 'startup seconds',
};

function shown(key: keyof RevisionRecipe, recipe: RevisionRecipe): string {
  switch (key) {
    case 'image':
      return /@sha256:([0-9a-f]{12})/.exec(recipe.image)?.[1] ?? recipe.image;
    case 'cpu':
      return String(recipe.cpu / 1000);
    case 'memory':
      return `${recipe.memory / MIB}Mi`;
    // Values may be secret; which names there are is not.
    case 'env':
    case 'secrets':
      return `(${Object.keys(recipe[key]).join(', ')})`;
    default:
      return String(recipe[key]);
  }
}
