import type { CloudRevision, CloudService } from '../model/cloud-service.ts';
import type { Deployment } from '../model/deployment.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import { change, observe, type ChangePorts } from './cloud-change.ts';
import { revisionNumber, splitInWords, stableRevision } from './rollout-plan.ts';

export interface RolledBackTo {
  /** How the traffic was, in words. */
  readonly from: string;
  readonly service: CloudService;
  readonly revision: string;
}

/** All traffic to an earlier revision, at once: whoever goes back is in a hurry, and it has served before. */
export async function rollBack(
  options: { readonly name: string; readonly revision?: string },
  records: readonly Deployment[],
  ports: ChangePorts,
): Promise<Result<RolledBackTo, Problem>> {
  const { name } = options;
  const seen = await observe(name, ports);
  if (!seen.ok) return seen;
  const { service } = seen.value;
  if (service === undefined) return err(noService(ports.cloud.resourceOf(name)));
  const revisions = await ports.cloud.revisions(name);
  if (!revisions.ok) return revisions;
  const target = rollbackTarget(service, revisions.value, records, options.revision);
  if (!target.ok) return target;
  const revision = target.value;
  const from = splitInWords(service.split);
  ports.notify(`all requests to ${revision}`);
  const back = await change(
    service,
    ({ split }) => ({ split: { ...split, percents: { [revision]: 100 } }, previous: null }),
    ports,
  );
  return back.ok ? ok({ from, service: back.value, revision }) : err(back.error.problem);
}

/**
 * The asked-for revision; else what a rollout under way left for; else what had the traffic before,
 * as the service notes it, or the records of this project know. Never just the number before: that
 * one may be what failed its probe.
 */
export function rollbackTarget(
  { name, split, previous }: Pick<CloudService, 'name' | 'split' | 'previous'>,
  revisions: readonly CloudRevision[],
  records: readonly Deployment[],
  asked: string | undefined,
): Result<string, Problem> {
  const there = (revision: string): boolean =>
    revisions.some((each) => each.revision === revision && each.ready);
  if (asked !== undefined) {
    if (split.percents[asked] === 100) return err(already(name, asked));
    return there(asked) ? ok(asked) : err(noSuchRevision(name, asked, revisions));
  }
  const live = Object.keys(split.percents).toSorted(
    (a, b) => revisionNumber(b) - revisionNumber(a),
  );
  const [current] = live;
  const left = live.length > 1 ? stableRevision(split, current) : undefined;
  // Records are newest first: what served fully before the current one did.
  const since = records.findIndex((each) => each.revision === current);
  const served = records
    .slice(since + 1)
    .filter(
      ({ revision, traffic }) =>
        traffic === undefined && revisionNumber(revision) < revisionNumber(current ?? ''),
    )
    .map((each) => each.revision);
  const target = [left, previous, ...served].find(
    (each) => each !== undefined && each !== current && there(each),
  );
  if (target !== undefined) return ok(target);
  const others = revisions.filter((each) => each.ready && each.revision !== current);
  return err(
    problem(
      'usage',
      'deploy/no-earlier-revision',
      `it is not known which revision of ${name} served before ${current ?? 'now'}`,
      others.length === 0
        ? 'there is no other that is ready'
        : `name one with --revision: ${others.map((each) => each.revision).join(', ')}`,
    ),
  );
}

export const noService = (resource: string): Problem =>
  problem(
    'usage',
    'deploy/not-found',
    `there is no service \`${resource}\` on Cloud Run`,
    'avian deploy --target cloud-run makes it; --project and --region say where to look',
  );

const already = (name: string, revision: string): Problem =>
  problem('usage', 'rollout/already-live', `${revision} has all requests of ${name} already`);

export const noSuchRevision = (
  name: string,
  asked: string,
  revisions: readonly CloudRevision[],
): Problem =>
  problem(
    'usage',
    'rollout/unknown-revision',
    `${name} has no revision \`${asked}\` that is ready`,
    `there is: ${revisions
      .filter((each) => each.ready)
      .map((each) => each.revision)
      .join(', ')}`,
  );
