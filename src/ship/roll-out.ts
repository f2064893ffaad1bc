import type { CloudService, Split } from '../model/cloud-service.ts';
import type { GateResult } from '../model/deployment.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { ChangeRefused } from '../ports/cloud-services.ts';
import { change, complete, observe, type ChangePorts } from './cloud-change.ts';
import { differences, type CloudPlan } from './cloud-plan.ts';
import { judged, judgeSlo, type GatePlan } from './gates.ts';
import { prove, type ProbePlan, type ProvePorts } from './prove.ts';
import {
  decideRollout,
  nextRevisionName,
  shifted,
  splitInWords,
  stableRevision,
  tagged,
  trafficTraps,
  untagged,
  type RolloutPlan,
} from './rollout-plan.ts';

export type RolloutPorts = ChangePorts & ProvePorts;

/** How a revision comes to its traffic, and what has to hold for that. */
export interface Promotion {
  readonly rollout: RolloutPlan;
  readonly gates: GatePlan;
  /** Gates on files, judged when asked for. */
  readonly judgeFiles: () => Promise<readonly GateResult[]>;
  readonly probes: ProbePlan;
  readonly access: CloudPlan['access'];
  readonly ingress: CloudPlan['ingress'];
}

export interface RolledOut {
  /** `kept`: all was as asked for. `tagged`: a revision without traffic, as asked for. */
  readonly kind: 'kept' | 'deployed' | 'tagged';
  readonly service: CloudService;
  readonly revision: string;
  readonly gates: readonly GateResult[];
}

/**
 * One deploy on Cloud Run: look -> gates on files -> a revision without traffic -> probe it ->
 * traffic in steps, each watched -> all of it. What it finds done it does not do again, so that a
 * deploy of the same thing is one request, and one that was killed goes on where it was.
 */
export async function rollOut(
  plan: CloudPlan,
  promotion: Promotion,
  ports: RolloutPorts,
): Promise<Result<RolledOut, Problem>> {
  const seen = await observe(plan.name, ports);
  if (!seen.ok) return seen;
  const { service, failure } = seen.value;
  const decision = decideRollout(service, plan, promotion.rollout);
  if (decision.kind === 'keep' && service !== undefined) {
    return ok({ kind: 'kept', service, revision: decision.revision, gates: [] });
  }
  // Tried again without a change, it would fail again.
  if (failure !== undefined && service !== undefined) {
    if (differences(service.template.recipe, plan.recipe).length === 0) return err(failure);
    ports.notify(`what was begun earlier failed: ${failure.diagnostics[0]?.message ?? ''}`);
  }
  if (decision.kind === 'create' && !promotion.rollout.traffic) return err(nothingToTag(plan.name));

  const files = judged(await promotion.judgeFiles(), promotion.gates, ports);
  if (!files.ok) return files;
  const made = await makeRevision(service, plan, promotion, ports);
  if (!made.ok) return made;
  return promoteRevision(made.value.service, made.value.revision, promotion, files.value, ports);
}

async function makeRevision(
  service: CloudService | undefined,
  plan: CloudPlan,
  promotion: Promotion,
  ports: RolloutPorts,
): Promise<Result<{ readonly service: CloudService; readonly revision: string }, Problem>> {
  const { name, recipe, ingress } = plan;
  const { tag } = promotion.rollout;
  const decision = decideRollout(service, plan, promotion.rollout);
  const { revision } = decision;
  const done = (
    made: Result<CloudService, ChangeRefused>,
    as: string,
  ): Result<{ readonly service: CloudService; readonly revision: string }, Problem> =>
    made.ok ? ok({ service: made.value, revision: as }) : err(made.error.problem);

  if (service === undefined) {
    ports.notify(`making the service ${name} with ${revision}`);
    const first = { revision, recipe, tag, ingress: ingress ?? 'all' };
    return done(await complete(name, await ports.cloud.create(name, first), ports), revision);
  }
  if (decision.kind !== 'new-revision') return ok({ service, revision });
  ports.notify(`making ${revision} without traffic: ${decision.why.join(', ')}`);
  for (const trap of trafficTraps(service)) ports.notify(`note: ${trap}`);
  const make = (as: string): Promise<Result<CloudService, ChangeRefused>> =>
    change(
      service,
      (now) => ({ template: { revision: as, recipe }, split: tagged(now.split, as, tag) }),
      ports,
    );
  const made = await make(revision);
  if (made.ok || made.error.kind !== 'name-taken') return done(made, revision);
  // The newest revision of a service need not be the one with the highest number.
  const all = await ports.cloud.revisions(name);
  if (!all.ok) return all;
  const free = nextRevisionName(name, [revision, ...all.value.map((one) => one.revision)]);
  ports.notify(`${revision} is taken: making ${free}`);
  return done(await make(free), free);
}

/** Moves traffic to a revision that is there and ready; back to what was before when a check fails. */
export async function promoteRevision(
  service: CloudService,
  revision: string,
  promotion: Promotion,
  files: readonly GateResult[],
  ports: RolloutPorts,
): Promise<Result<RolledOut, Problem>> {
  const stable = stableRevision(service.split, revision);
  return stable === undefined
    ? inPlace(service, revision, promotion, files, ports)
    : inSteps(service, revision, stable, promotion, files, ports);
}

/**
 * A service whose traffic is all with this revision already. While its tag is there it is one that was
 * never asked; else only what surrounds it changes.
 */
async function inPlace(
  service: CloudService,
  revision: string,
  promotion: Promotion,
  files: readonly GateResult[],
  ports: RolloutPorts,
): Promise<Result<RolledOut, Problem>> {
  const { access, ingress, rollout } = promotion;
  // Before it is asked, or it could not be; nobody knows its URL yet.
  if (access !== undefined && access !== service.access) {
    ports.notify(
      `${service.name} can be called by ${access === 'public' ? 'everybody' : 'whom IAM allows'}`,
    );
    const set = await ports.cloud.setAccess(service.name, access);
    if (!set.ok) return set;
  }
  const unproven = service.split.tags[rollout.tag] === revision;
  const proven = unproven ? await proveAt(service, [service.url], 0, promotion, ports) : ok([]);
  if (!proven.ok) {
    return err(withHint(proven.error, `${revision} keeps the requests: no other has any`));
  }
  const pinned: Split = { percents: { [revision]: 100 }, tags: service.split.tags };
  const finished = await change(
    service,
    () => ({
      split: rollout.keepTag ? pinned : untagged(pinned, rollout.tag),
      ...(access !== undefined && { access }),
      ...(ingress !== undefined && { ingress }),
    }),
    ports,
  );
  if (!finished.ok) return err(finished.error.problem);
  const gates = [...files, ...proven.value];
  return ok({ kind: 'deployed', service: finished.value, revision, gates });
}

async function inSteps(
  service: CloudService,
  revision: string,
  stable: string,
  promotion: Promotion,
  files: readonly GateResult[],
  ports: RolloutPorts,
): Promise<Result<RolledOut, Problem>> {
  const { rollout, access, ingress } = promotion;
  const { tag } = rollout;
  const before = service.split;
  let now = service;
  if (before.tags[tag] !== revision || now.tagUrls[tag] === undefined) {
    const led = await change(now, (each) => ({ split: tagged(each.split, revision, tag) }), ports);
    if (!led.ok) return err(led.error.problem);
    now = led.value;
  }
  const tagUrl = now.tagUrls[tag];
  if (tagUrl === undefined) throw new Error(`bug: Cloud Run gave no URL for the tag ${tag}`);
  ports.notify(`asking ${revision} at ${tagUrl}`);
  const proven = await proveAt(now, [tagUrl], 0, promotion, ports);
  if (!proven.ok) {
    const back = await goBack(now, before, revision, stable, promotion, ports);
    return err(
      withHint(proven.error, `${back}; ${revision} is still at ${tagUrl} to be looked at`),
    );
  }
  let gates = [...files, ...proven.value];
  if (!rollout.traffic) return ok({ kind: 'tagged', service: now, revision, gates });

  const reached = before.percents[revision] ?? 0;
  for (const step of rollout.steps.filter((percent) => percent > reached)) {
    ports.notify(`${step} % of the requests to ${revision}`);
    const last = step === 100;
    const moved = await change(
      now,
      (each) => {
        const split = shifted(each.split, revision, step, stable);
        if (!last) return { split };
        return {
          split: rollout.keepTag ? split : untagged(split, tag),
          previous: stable,
          ...(ingress !== undefined && { ingress }),
        };
      },
      ports,
    );
    if (!moved.ok) return err(moved.error.problem);
    now = moved.value;
    const urls = last ? [now.url] : [now.url, tagUrl];
    const watched = await proveAt(now, urls, rollout.soakMs, promotion, ports);
    if (!watched.ok) {
      const back = await goBack(now, before, revision, stable, promotion, ports, service.ingress);
      return err(withHint(watched.error, `at ${step} % of the requests; ${back}`));
    }
    gates = [...files, ...watched.value];
  }
  if (access !== undefined && access !== now.access) {
    const set = await ports.cloud.setAccess(now.name, access);
    if (!set.ok) return set;
    const noted = await change(now, () => ({ access }), ports);
    if (!noted.ok) return err(noted.error.problem);
    now = noted.value;
  }
  return ok({ kind: 'deployed', service: now, revision, gates });
}

/** Asks, and holds the objectives against what came; the numbers are told. */
async function proveAt(
  service: CloudService,
  urls: readonly string[],
  soakMs: number,
  { probes, gates }: Promotion,
  ports: RolloutPorts,
): Promise<Result<readonly GateResult[], Problem>> {
  const token = await ports.cloud.identityToken(service.url);
  const measured = await prove(urls, probes, { soakMs, token }, ports);
  if (!measured.ok) return measured;
  const results = gates.slos.map((slo) => judgeSlo(slo, measured.value));
  const held = judged(results, gates, ports);
  const { firstFailure } = measured.value;
  if (held.ok || firstFailure === undefined) return held;
  const [failed, ...others] = held.error.diagnostics;
  if (failed === undefined) return held;
  const told = { ...failed, message: `${failed.message}; the first failure: ${firstFailure}` };
  return err({ ...held.error, diagnostics: [told, ...others] });
}

/** What was before, in words for the message of what failed. Another failure here has to be told too. */
async function goBack(
  now: CloudService,
  before: Split,
  revision: string,
  stable: string,
  { rollout }: Promotion,
  ports: RolloutPorts,
  ingress?: CloudService['ingress'],
): Promise<string> {
  // A canary of an earlier command is no state to go back to.
  const percents = before.percents[revision] === undefined ? before.percents : { [stable]: 100 };
  const wanted = tagged({ percents, tags: before.tags }, revision, rollout.tag);
  if (splitInWords(now.split) === splitInWords(wanted)) return `no requests went to ${revision}`;
  ports.notify(`going back to ${splitInWords(wanted)}`);
  const back = await change(
    now,
    () => ({ split: wanted, previous: null, ...(ingress !== undefined && { ingress }) }),
    ports,
  );
  return back.ok
    ? `went back to ${splitInWords(wanted)}`
    : `and going back failed (${back.error.problem.diagnostics[0]?.message ?? ''}): run \`avian rollout rollback ${now.name}\``;
}

/** The problem with one more sentence at its end. */
const withHint = (found: Problem, more: string): Problem => ({
  ...found,
  diagnostics: found.diagnostics.map((each, index) =>
    index < found.diagnostics.length - 1
      ? each
      : { ...each, hint: each.hint === undefined ? more : `${more}; ${each.hint}` },
  ),
});

const nothingToTag = (name: string): Problem =>
  problem(
    'usage',
    'rollout/no-traffic-first',
    `${name} does not exist yet: its first revision gets all requests`,
    'leave out --no-traffic for the first deploy; without --allow-unauthenticated nobody else can call it',
  );
