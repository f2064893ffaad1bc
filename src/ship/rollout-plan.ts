import type { CloudService, Split } from '../model/cloud-service.ts';
import { problem, type Diagnostic, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import { differences, type CloudPlan } from './cloud-plan.ts';

/** How traffic comes to a new revision, as typed. */
export interface RolloutOptions {
  /** Rising percents that end with 100, such as `5,50,100`. */
  readonly steps?: string;
  /** How long each step is watched. */
  readonly soakMs?: number;
  /** False: a revision without traffic, to be promoted later. */
  readonly traffic?: boolean;
  /** Of the URL that leads to the new revision alone; stays when it is given. */
  readonly trafficTag?: string;
}

export interface RolloutPlan {
  readonly steps: readonly number[];
  readonly soakMs: number;
  readonly traffic: boolean;
  readonly tag: string;
  readonly keepTag: boolean;
}

const DEFAULT_TAG = 'candidate';
/** Of a service's name and a tag together: they are one label of a host name. */
const MOST_LABEL = 46;

export function planRollout(name: string, options: RolloutOptions): Result<RolloutPlan, Problem> {
  const diagnostics: Diagnostic[] = [];
  const refuse = (code: string, message: string, hint?: string): void => {
    diagnostics.push(...problem('usage', code, message, hint).diagnostics);
  };
  const steps = (options.steps ?? '5,50,100').split(',').map((text) => Number(text.trim() || NaN));
  const rises = steps.every(
    (step, index) => Number.isInteger(step) && step > (steps[index - 1] ?? 0) && step <= 100,
  );
  if (!rises || steps.at(-1) !== 100) {
    refuse(
      'rollout/bad-steps',
      `--steps \`${options.steps}\` are no rising percents that end with 100`,
      'such as 5,50,100',
    );
  }
  const tag = options.trafficTag ?? DEFAULT_TAG;
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(tag)) {
    refuse(
      'rollout/bad-tag',
      `--traffic-tag \`${tag}\` is no tag`,
      'lower-case letters, digits and hyphens, starting with a letter',
    );
  } else if (tag.length + name.length > MOST_LABEL) {
    refuse(
      'rollout/tag-too-long',
      `\`${tag}\` and \`${name}\` are ${tag.length + name.length} characters together; Cloud Run takes ${MOST_LABEL}`,
      'a shorter --traffic-tag',
    );
  }
  const { soakMs = 15_000 } = options;
  if (!(soakMs >= 0 && soakMs <= 3_600_000)) {
    refuse('rollout/bad-soak', `--soak of ${soakMs} ms is out of range`, 'up to 1h');
  }
  if (diagnostics.length > 0) return err({ kind: 'usage', diagnostics });
  const keepTag = options.trafficTag !== undefined;
  return ok({ steps, soakMs, traffic: options.traffic ?? true, tag, keepTag });
}

export type RolloutDecision =
  | { readonly kind: 'create'; readonly revision: string }
  | { readonly kind: 'new-revision'; readonly revision: string; readonly why: readonly string[] }
  /** The revision is there and ready, and has not all of the traffic yet. */
  | { readonly kind: 'promote'; readonly revision: string }
  /** All is as asked for. */
  | { readonly kind: 'keep'; readonly revision: string };

/**
 * What one look at the service says is left to do. That is all there is to know, so a deploy that was
 * killed goes on where it was:
 * ```
 * no service                                   -> create
 * newest revision differs, or is not ready     -> new-revision
 * it has all traffic, access and ingress hold  -> keep
 * else                                         -> promote
 * ```
 */
export function decideRollout(
  service: CloudService | undefined,
  plan: CloudPlan,
  rollout: Pick<RolloutPlan, 'traffic' | 'tag'>,
): RolloutDecision {
  if (service === undefined) return { kind: 'create', revision: revisionName(plan.name, 1) };
  const { template, newest, newestReady, split } = service;
  const revision = template.revision ?? newest;
  const why = differences(template.recipe, plan.recipe);
  if (revision === undefined || why.length > 0 || newestReady !== revision) {
    return {
      kind: 'new-revision',
      revision: nextRevisionName(plan.name, [newest, template.revision]),
      why: why.length > 0 ? why : [`${revision ?? 'the newest revision'} is not ready`],
    };
  }
  const held =
    (plan.ingress === undefined || plan.ingress === service.ingress) &&
    (plan.access === undefined || plan.access === service.access);
  if (split.percents[revision] === 100) return { kind: held ? 'keep' : 'promote', revision };
  const waits = !rollout.traffic && split.tags[rollout.tag] === revision;
  return { kind: waits ? 'keep' : 'promote', revision };
}

/** `<name>-00003`, or what gcloud makes of it: `<name>-00003-abc`. */
export const revisionNumber = (revision: string): number =>
  Number(/-([0-9]+)(?:-[a-z0-9]{3})?$/.exec(revision)?.[1] ?? '0');

const revisionName = (name: string, number: number): string =>
  `${name}-${String(number).padStart(5, '0')}`;

/** One more than any number among `taken`: a name is not used twice, also not that of a failed revision. */
export const nextRevisionName = (name: string, taken: readonly (string | undefined)[]): string =>
  revisionName(name, 1 + Math.max(0, ...taken.map((one) => revisionNumber(one ?? ''))));

/** Who has most of the traffic: what a rollout leaves for, and goes back to. */
export function stableRevision({ percents }: Split, except?: string): string | undefined {
  const others = Object.entries(percents).filter(([revision]) => revision !== except);
  return others.toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

/** The split with a tag that leads to `revision`, and not a request more for it. */
export const tagged = ({ percents, tags }: Split, revision: string, tag: string): Split => ({
  percents,
  tags: { ...tags, [tag]: revision },
});

/** `percent` to `revision`, the rest to `stable` alone. */
export const shifted = (
  { tags }: Split,
  revision: string,
  percent: number,
  stable: string,
): Split => ({
  percents:
    percent === 100 ? { [revision]: 100 } : { [stable]: 100 - percent, [revision]: percent },
  tags,
});

export const untagged = ({ percents, tags }: Split, tag: string): Split => ({
  percents,
  tags: Object.fromEntries(Object.entries(tags).filter(([name]) => name !== tag)),
});

/** `95 % birds-00001, 5 % birds-00002` */
export const splitInWords = ({ percents }: Split): string =>
  Object.entries(percents)
    .toSorted(([, a], [, b]) => b - a)
    .map(([revision, percent]) => `${percent} % ${revision}`)
    .join(', ');

/**
 * What is easily overlooked about a service's traffic: Cloud Run keeps a split, also one that sends
 * everything to an older revision, through every later deploy, whoever makes it.
 */
export function trafficTraps({ name, split, newestReady, followsNewest }: CloudService): string[] {
  const traps: string[] = [];
  const live = Object.keys(split.percents);
  if (live.length > 1) {
    traps.push(
      `traffic is split (${splitInWords(split)}) and stays so, whatever is deployed later, until \`avian rollout promote ${name}\` or \`avian rollout rollback ${name}\``,
    );
  }
  if (newestReady !== undefined && split.percents[newestReady] === undefined) {
    traps.push(
      `${newestReady} is the newest revision and gets no requests: all go to ${live.join(', ')} until \`avian rollout promote ${name}\``,
    );
  }
  if (!followsNewest && live.length > 0) {
    traps.push(
      `traffic is pinned to revisions by name: what gcloud or the console deploys gets none of it`,
    );
  }
  return traps;
}
