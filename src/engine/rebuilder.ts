import { covers, sameContent, toRef, type ArtifactRef } from '../model/artifact.ts';
import type { LockedStage, PipelineLock } from '../model/lock.ts';
import type { Fingerprint, StageName } from '../model/names.ts';
import type { Out, Stage } from '../model/pipeline.ts';
import { assertNever, isNonEmpty, ok } from '../model/result.ts';
import type { FingerprintInput, Run } from '../model/run.ts';
import type { Judgement, StaleReason, Verdict } from '../model/verdict.ts';
import type { Ports } from '../ports/ports.ts';
import type { Supply } from '../ports/supply.ts';
import { fingerprintInput, fingerprintOf, withoutSecrets, type Observed } from './fingerprint.ts';
import { judgeFrozen } from './judge-frozen.ts';
import { knownToLock } from './known-to-lock.ts';
import { describeWorkspaceProblem, observe, type DigestDep, type Unobservable } from './observe.ts';
import type { ProbeAnswer, Prober } from './probe.ts';
import { differences } from './reasons.ts';
import type { JudgeOptions, StageWork } from './request.ts';

export type JudgePorts = Pick<Ports, 'workspace' | 'runs' | 'environment' | 'clock' | 'hash'>;

export interface JudgeContext {
  readonly lock: PipelineLock;
  readonly options: JudgeOptions;
  readonly digestDep: DigestDep;
  readonly probe: Prober;
  readonly ports: JudgePorts;
  /** Stages a killed process left open, with the time. */
  readonly interrupted: ReadonlyMap<StageName, string>;
  /** What a remote has counts as if it were in the cache. */
  readonly supply?: Supply;
  /** Producers by path, for the words of a missing dep. */
  readonly producerOf: (path: StageWork['stage']['deps'][number]) => StageName | undefined;
}

/**
 * Decides what has to happen to one stage, and why. `repro`, `status`, `why` and `--dry` all ask
 * here. In order: what forbids a judgement (frozen, unknown inputs), what is judged by its latest
 * run (effects), what lies in the workspace (the lock), what an earlier run left (the run cache).
 */
export async function judge(work: StageWork, context: JudgeContext): Promise<Judgement> {
  const { stage } = work;
  if (stage.frozen) return { verdict: await judgeFrozen(stage, context) };

  const observed = await observe(work, context.digestDep, context.ports);
  if (!observed.ok) {
    const assumed = await judgeByLock(work, context);
    return assumed ?? { verdict: unknownInputs(work, observed.error, context) };
  }
  return judgeInputs(work, observed.value, context);
}

async function judgeInputs(
  work: StageWork,
  observed: Observed,
  context: JudgeContext,
): Promise<Judgement> {
  const { stage } = work;
  const { hash } = context.ports;
  const whole = fingerprintInput(stage, observed);
  const fingerprint = fingerprintOf(whole, hash);
  const input = withoutSecrets(whole, hash);
  const question: Question = { work, input, fingerprint, context };
  const verdict = stage.effect ? await judgeEffect(question) : await judgeContent(question);
  return { verdict: withInterruption(verdict, work, context), input, fingerprint };
}

/**
 * With what the lock knows in the place of missing deps: where they can be brought, or where they are
 * allowed to be missing and no command has to run, which would need them.
 */
async function judgeByLock(work: StageWork, context: JudgeContext): Promise<Judgement | undefined> {
  const { options, supply, ports } = context;
  if (options.allowMissing !== true && supply === undefined) return undefined;
  const known = knownToLock(work.stage, context);
  const assumed: ArtifactRef[] = [];
  const observed = await observe(
    work,
    async (path) => {
      const found = await context.digestDep(path);
      if (found.ok || found.error.kind !== 'missing') return found;
      const locked = await known(path);
      if (locked === undefined) return found;
      assumed.push(toRef(locked));
      return ok(locked);
    },
    ports,
  );
  if (!observed.ok) return undefined;
  const judgement = await judgeInputs(work, observed.value, context);
  const { kind } = judgement.verdict;
  const needsNoData = kind === 'up-to-date' || kind === 'restorable';
  if (needsNoData && options.allowMissing === true) return judgement;
  if (supply === undefined) return undefined;
  for (const ref of assumed) {
    if (!(await ports.workspace.holds(ref)) && !(await supply.offers(ref))) return undefined;
  }
  return judgement;
}

interface Question {
  readonly work: StageWork;
  readonly input: FingerprintInput;
  readonly fingerprint: Fingerprint;
  readonly context: JudgeContext;
}

function unknownInputs(
  { stage }: StageWork,
  unobservable: readonly Unobservable[],
  context: JudgeContext,
): Verdict {
  const waitingOn = unobservable.flatMap((problem) =>
    problem.kind === 'waiting' ? [problem.producer] : [],
  );
  if (isNonEmpty(waitingOn)) return { kind: 'undetermined', waitingOn };
  const reasons = unobservable.flatMap((problem): StaleReason[] => {
    switch (problem.kind) {
      case 'waiting':
        return [];
      case 'missing': {
        const producer = context.producerOf(problem.path);
        const named = producer !== undefined && { producer };
        return [{ kind: 'dep-missing', path: problem.path, ...named }];
      }
      case 'unreadable': {
        const cause = describeWorkspaceProblem(problem.problem);
        return [{ kind: 'dep-unreadable', path: problem.path, cause }];
      }
      default:
        return assertNever(problem);
    }
  });
  if (!isNonEmpty(reasons)) throw new Error(`bug: ${stage.name} has unknown inputs but no reason`);
  return { kind: 'stale', reasons };
}

/** A stage that changes the outside: only its latest run on this machine counts, and its probe confirms it. */
async function judgeEffect({ work, input, fingerprint, context }: Question): Promise<Verdict> {
  const { stage } = work;
  const { ports, options } = context;
  const history = await ports.runs.history(stage.name, 50);
  const here = history.filter((run) => run.provenance.host === ports.environment.host());
  const latest = here[0];
  const reasons: StaleReason[] = options.force ? [{ kind: 'forced' }] : [];
  if (latest === undefined) {
    const elsewhere = history[0];
    reasons.push(
      elsewhere === undefined
        ? { kind: 'never-ran' }
        : {
            kind: 'other-target',
            before: elsewhere.provenance.host,
            after: ports.environment.host(),
          },
    );
    return stale(reasons);
  }
  if (latest.ending.kind === 'failed') reasons.push({ kind: 'last-run-failed' });
  if (latest.fingerprint !== fingerprint) reasons.push(...differences(latest.input, input));
  if (stage.alwaysChanged) reasons.push({ kind: 'always-changed' });
  const locked = context.lock.stages[stage.name];
  if (locked?.conflict !== undefined) {
    reasons.push({ kind: 'merge-conflict', branches: 1 + locked.conflict.length });
  }
  reasons.push(...expiry(work, latest, context));
  for (const out of stage.outs) {
    const there = await ports.workspace.digest(out.path);
    if (there.ok && there.value === undefined)
      reasons.push({ kind: 'out-missing', path: out.path });
  }
  if (reasons.length === 0) reasons.push(...(await probeReasons(work, latest, context)));
  return reasons.length === 0 ? { kind: 'up-to-date', run: latest } : stale(reasons);
}

/** A stage that computes: the lock says what lies in the workspace, the run log what lay there before. */
async function judgeContent(question: Question): Promise<Verdict> {
  const { work, fingerprint, context } = question;
  const { stage } = work;
  if (context.options.force) return stale([{ kind: 'forced' }]);
  if (stage.alwaysChanged) return stale([{ kind: 'always-changed' }]);

  const locked = context.lock.stages[stage.name];
  if (locked?.conflict !== undefined) return stale(await sinceMerge(question, locked));
  const current = locked?.fingerprint === fingerprint ? locked : undefined;
  const outs =
    current === undefined
      ? []
      : (await outReasons(stage.outs, current, context)).filter(
          ({ kind }) => kind !== 'out-missing' || context.options.allowMissing !== true,
        );
  if (current !== undefined && outs.length === 0 && !needsRun(work, context)) {
    return { kind: 'up-to-date' };
  }
  const runs = await context.ports.runs.find(fingerprint);
  const reasons: StaleReason[] = [];

  if (current !== undefined) {
    const run = runs.find((candidate) => sameOuts(candidate.outs, current.outs));
    const lifetime = await lifetimeReasons(work, run, context);
    if (lifetime.length + outs.length === 0) {
      return { kind: 'up-to-date', ...(run !== undefined && { run }) };
    }
    reasons.push(...lifetime, ...outs);
    if (lifetime.length === 0 && context.options.runCache && isNonEmpty(reasons)) {
      const from = await whence(stage.outs, current.outs, context);
      if (from !== undefined) {
        const named = run !== undefined && { run };
        return { kind: 'restorable', ...named, outs: current.outs, reasons, ...from };
      }
    }
  } else {
    reasons.push(...(await sinceLastTime(question, locked)));
  }

  const hit = context.options.runCache ? await usableRun(question, runs) : undefined;
  if (hit !== undefined && isNonEmpty(reasons)) {
    const { run, from } = hit;
    return { kind: 'restorable', run, outs: declaredOf(stage, run.outs), reasons, ...from };
  }
  const lost = stage.outs.find((out) => out.cache);
  const onlyOuts = reasons.every(({ kind }) => kind === 'out-missing' || kind === 'out-modified');
  if (onlyOuts && reasons.length > 0 && lost !== undefined) {
    return stale([...reasons, { kind: 'outs-unavailable', path: lost.path }]);
  }
  return stale(reasons);
}

/** Whether an up-to-date stage has to know its run: to be shown, or to have a lifetime. */
const needsRun = ({ stage }: StageWork, { options }: JudgeContext): boolean =>
  options.nameRuns || stage.ttlMs !== undefined || stage.probe !== undefined;

const sameOuts = (a: Run['outs'], b: Run['outs']): boolean =>
  Object.keys(a).length === Object.keys(b).length && covers(b, a);

/** What changed since the run that the lock names, or since the latest one. */
async function sinceLastTime(
  { work, input, fingerprint, context }: Question,
  locked: LockedStage | undefined,
): Promise<StaleReason[]> {
  const { runs } = context.ports;
  const lockedRun = locked === undefined ? undefined : (await runs.find(locked.fingerprint))[0];
  const before = lockedRun ?? (await runs.latest(work.stage.name, 'succeeded'));
  if (before !== undefined && before.fingerprint !== fingerprint) {
    const changes = differences(before.input, input);
    return Promise.all(changes.map((change) => withFiles(change, context)));
  }
  if (before !== undefined) {
    return outReasons(work.stage.outs, { fingerprint, outs: before.outs }, context).then((found) =>
      found.length > 0 ? found : [{ kind: 'locked-run-unknown' }],
    );
  }
  if (locked !== undefined) return [{ kind: 'locked-run-unknown' }];
  const last = await runs.latest(work.stage.name);
  return [last?.ending.kind === 'failed' ? { kind: 'last-run-failed' } : { kind: 'never-ran' }];
}

/**
 * Branches that changed this stage apart were merged. Even where its inputs are now those of one
 * side, nobody has said so: neither side's outs are taken for the merged ones without a run.
 */
async function sinceMerge(question: Question, locked: LockedStage): Promise<StaleReason[]> {
  const branches = 1 + (locked.conflict?.length ?? 0);
  const others =
    locked.fingerprint === question.fingerprint ? [] : await sinceLastTime(question, locked);
  return [
    { kind: 'merge-conflict', branches },
    ...others.filter(({ kind }) => kind !== 'locked-run-unknown'),
  ];
}

/** Names the files inside a changed directory, where both trees are at hand. */
async function withFiles(reason: StaleReason, context: JudgeContext): Promise<StaleReason> {
  if (reason.kind !== 'dep-changed') return reason;
  const producer = context.producerOf(reason.path);
  const named = { ...reason, ...(producer !== undefined && { producer }) };
  const current = await context.ports.workspace.digest(reason.path);
  if (reason.before === undefined || !current.ok || current.value?.kind !== 'tree') return named;
  const before = { tree: reason.before };
  const files = await context.ports.workspace.compare(before, toRef(current.value), 3);
  return files === undefined ? named : { ...named, files };
}

/** Outs that are missing from the workspace or are not what the lock says. */
async function outReasons(
  outs: readonly Out[],
  locked: LockedStage,
  { ports }: JudgeContext,
): Promise<StaleReason[]> {
  const reasons = await Promise.all(
    outs.map(async ({ path }): Promise<StaleReason[]> => {
      const expected = locked.outs[path];
      if (expected === undefined) return [{ kind: 'out-missing', path }];
      const found = await ports.workspace.digest(path);
      if (!found.ok || found.value === undefined) return [{ kind: 'out-missing', path }];
      if (sameContent(toRef(found.value), expected)) return [];
      const files = await ports.workspace.compare(expected, toRef(found.value), 3);
      return [
        {
          kind: 'out-modified',
          path,
          before: expected.digest,
          after: found.value.digest,
          ...(files !== undefined && { files }),
        },
      ];
    }),
  );
  return reasons.flat();
}

/** A record may come from a colleague or from a hostile remote: what it names beside the stage's outs is nobody's. */
const declaredOf = ({ outs }: Stage, recorded: Run['outs']): Run['outs'] =>
  Object.fromEntries(
    outs.flatMap(({ path }) => {
      const ref = recorded[path];
      return ref === undefined ? [] : [[path, ref]];
    }),
  );

/** The newest run of this fingerprint that can be put back whole. */
async function usableRun(
  { work, context }: Question,
  runs: readonly Run[],
): Promise<{ readonly run: Run; readonly from: Whence } | undefined> {
  // What persists depends on the runs before, so an earlier run of the same inputs is not this one.
  if (work.stage.outs.some(({ persist }) => persist)) return undefined;
  for (const run of runs) {
    if ((await lifetimeReasons(work, run, context)).length > 0) continue;
    const from = await whence(work.stage.outs, run.outs, context);
    if (from !== undefined) return { run, from };
  }
  return undefined;
}

/** The remote that has to be asked for outs; none where the cache has them all. */
type Whence = Pick<Extract<Verdict, { kind: 'restorable' }>, 'remote'>;

/**
 * All or nothing: every cached out is in the cache or can be brought, every uncached one lies in the
 * workspace as recorded. Undefined where that is not so.
 */
async function whence(
  outs: readonly Out[],
  recorded: Run['outs'],
  { ports, supply }: JudgeContext,
): Promise<Whence | undefined> {
  let from: Whence = {};
  for (const out of outs) {
    const ref = recorded[out.path];
    if (ref === undefined) return undefined;
    if (out.cache) {
      if (await ports.workspace.holds(ref, out.path)) continue;
      if (supply !== undefined && (await isAway(ref, supply, ports))) {
        from = { remote: supply.name };
        continue;
      }
    }
    const found = await ports.workspace.digest(out.path);
    if (!found.ok || found.value === undefined || !sameContent(toRef(found.value), ref)) {
      return undefined;
    }
  }
  return from;
}

/** Content that is here and may not lie where it belongs is not brought either. */
const isAway = async (ref: ArtifactRef, supply: Supply, { workspace }: JudgePorts) =>
  !(await workspace.holds(ref)) && (await supply.offers(ref));

/** Whether a run that read the outside still stands for it. */
async function lifetimeReasons(
  work: StageWork,
  run: Run | undefined,
  context: JudgeContext,
): Promise<StaleReason[]> {
  if (work.stage.ttlMs === undefined && work.stage.probe === undefined) return [];
  if (run === undefined) return [{ kind: 'locked-run-unknown' }];
  return [...expiry(work, run, context), ...(await probeReasons(work, run, context))];
}

function expiry({ stage }: StageWork, run: Run, { ports }: JudgeContext): StaleReason[] {
  if (stage.ttlMs === undefined) return [];
  const ageMs = ports.clock.now() - Date.parse(run.startedAt);
  return ageMs > stage.ttlMs ? [{ kind: 'expired', ageMs, ttlMs: stage.ttlMs }] : [];
}

async function probeReasons(
  work: StageWork,
  run: Run,
  context: JudgeContext,
): Promise<StaleReason[]> {
  if (work.stage.probe === undefined || !context.options.probes) return [];
  const answer: ProbeAnswer = await context.probe(work);
  if (answer.kind === 'failed') return [{ kind: 'probe-failed', message: answer.message }];
  return answer.digest === run.probe ? [] : [{ kind: 'probe-changed' }];
}

function stale(reasons: readonly StaleReason[]): Verdict {
  return isNonEmpty(reasons)
    ? { kind: 'stale', reasons }
    : { kind: 'stale', reasons: [{ kind: 'never-ran' }] };
}

function withInterruption(
  verdict: Verdict,
  { stage }: StageWork,
  { interrupted }: JudgeContext,
): Verdict {
  const at = interrupted.get(stage.name);
  if (verdict.kind !== 'stale' || at === undefined) return verdict;
  return { kind: 'stale', reasons: [{ kind: 'interrupted', at }, ...verdict.reasons] };
}
