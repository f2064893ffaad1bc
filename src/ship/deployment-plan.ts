import { problem, type Diagnostic, type Problem } from '../model/diagnostic.ts';
import { canonicalJson } from '../model/json.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { DeploymentView, LiveRevision, RevisionSettings } from '../ports/deployer.ts';
import { parsePair } from './image-plan.ts';

/** What a person asks for, as typed. */
export interface DeployOptions {
  readonly image: string;
  readonly tag?: string;
  readonly name: string;
  readonly target?: string;
  /** 0: the port of before, else a free one. */
  readonly port?: number;
  readonly health?: string;
  readonly timeoutMs?: number;
  /** `K=V` each. */
  readonly env?: readonly string[];
}

export interface DeployRequest {
  readonly port: number | undefined;
  readonly health: string;
  readonly timeoutMs: number;
  readonly env: { readonly [name: string]: string };
}

/** Checks everything and reports every problem at once. */
export function planDeploy(options: DeployOptions): Result<DeployRequest, Problem> {
  const diagnostics: Diagnostic[] = [];
  const refuse = (code: string, message: string, hint?: string): undefined => {
    diagnostics.push(...problem('usage', code, message, hint).diagnostics);
    return undefined;
  };
  const { name, port = 0, health = '/readyz', timeoutMs = 60_000 } = options;
  // Also what Cloud Run allows; and a folder's name, so no dot and no slash.
  if (!/^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/.test(name)) {
    refuse(
      'deploy/bad-name',
      `\`${name}\` cannot name a deployment`,
      'lower-case letters, digits and hyphens, at most 49, starting with a letter',
    );
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    refuse('deploy/bad-port', `--port ${port} is not a port`, 'a number from 0 to 65535');
  }
  if (!/^\/[\x21-\x7e]*$/.test(health)) {
    refuse('deploy/bad-health', `--health \`${health}\` is not a path`, 'such as /readyz');
  }
  if (!(timeoutMs > 0 && timeoutMs <= 3_600_000)) {
    refuse('deploy/bad-timeout', `--timeout of ${timeoutMs} ms is out of range`, 'up to 1h');
  }
  const env = (options.env ?? []).map((text) => parsePair('--env', text, refuse));
  if (diagnostics.length > 0) return err({ kind: 'usage', diagnostics });
  return ok({
    port: port === 0 ? undefined : port,
    health,
    timeoutMs,
    env: Object.fromEntries(env.filter((pair) => pair !== undefined)),
  });
}

/** `HOST/NAME@sha256:<hex>`: an image in a registry, by digest. */
export const isPinned = (image: string): boolean =>
  /^[\w.:-]+\/[\w./-]+(:[\w.-]+)?@sha256:[0-9a-f]{64}$/.test(image);

export type DeployDecision =
  /** The live revision is what is wanted, and answers. */
  | { readonly kind: 'keep'; readonly live: LiveRevision }
  /** A revision with these settings is there: start it (again). */
  | { readonly kind: 'activate'; readonly revision: string }
  | { readonly kind: 'create'; readonly revision: string };

/**
 * ```
 * same settings as the live revision:  healthy, port as asked -> keep;  else -> activate it again
 * same settings as an earlier one:     its content is here -> activate that one
 * else                                 -> create the next number
 * ```
 */
export function decideDeploy(
  name: string,
  view: DeploymentView | undefined,
  wanted: RevisionSettings,
  port: number | undefined,
): DeployDecision {
  const same = (view?.revisions ?? []).filter(
    ({ settings, restorable }) => restorable && canonicalJson(settings) === canonicalJson(wanted),
  );
  const live = view?.live;
  const again = same.find(({ revision }) => revision === live?.revision) ?? same.at(-1);
  if (again === undefined) return { kind: 'create', revision: nextRevision(name, view) };
  const serves = view?.condition.kind === 'healthy' && live?.revision === again.revision;
  if (live && serves && (port === undefined || new URL(live.url).port === String(port))) {
    return { kind: 'keep', live };
  }
  return { kind: 'activate', revision: again.revision };
}

/** One more than any number seen, so that a failed or pruned one is not used again. */
export function nextRevision(name: string, view: DeploymentView | undefined): string {
  const numbers = (view?.revisions ?? []).map(({ revision }) => revisionNumber(revision));
  const next = 1 + Math.max(0, revisionNumber(view?.live?.revision ?? ''), ...numbers);
  return `${name}-${String(next).padStart(5, '0')}`;
}

const revisionNumber = (revision: string): number =>
  Number(/-([0-9]+)$/.exec(revision)?.[1] ?? '0');

/** The newest revision before the live one whose content is still here. */
export function decideRollback(view: DeploymentView): Result<string, Problem> {
  const { name, live, revisions } = view;
  const number = revisionNumber(live?.revision ?? '');
  const earlier = revisions.findLast(
    ({ revision, restorable }) => restorable && revisionNumber(revision) < number,
  );
  if (earlier !== undefined) return ok(earlier.revision);
  return err(
    problem(
      'usage',
      'deploy/no-earlier-revision',
      `${name} has no earlier revision to go back to`,
      'check out the commit you want and run `avian repro`',
    ),
  );
}

const KEEP_CONTENT = 3;
const KEEP_RECORDS = 20;

/** Content costs a hundred megabytes a revision; records cost a page. */
export function retention(
  view: DeploymentView,
  live: string,
): { readonly content: readonly string[]; readonly records: readonly string[] } {
  const all = view.revisions.map(({ revision }) => revision);
  const restorable = view.revisions
    .filter((one) => one.restorable && one.revision !== live)
    .map(({ revision }) => revision);
  return {
    content: [live, ...restorable.slice(1 - KEEP_CONTENT)],
    records: [live, ...all.slice(-KEEP_RECORDS)],
  };
}

/** The one a person means: the named one, or the only one there is. */
export function chooseDeployment(
  asked: string | undefined,
  names: readonly string[],
): Result<string, Problem> {
  const [only] = names;
  const list = names.join(', ');
  if (asked !== undefined) {
    return names.includes(asked)
      ? ok(asked)
      : err(
          problem(
            'usage',
            'deploy/unknown',
            `there is no deployment \`${asked}\``,
            names.length > 0 ? `there is: ${list}` : 'avian deploy makes one',
          ),
        );
  }
  if (only === undefined) {
    return err(problem('usage', 'deploy/none', 'nothing is deployed', 'avian deploy makes one'));
  }
  return names.length === 1
    ? ok(only)
    : err(
        problem('usage', 'deploy/which', 'there are several deployments', `name one of: ${list}`),
      );
}
