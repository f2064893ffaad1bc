import type { CloudService } from '../model/cloud-service.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { canonicalJson } from '../model/json.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { ChangeRefused, CloudServices, ServiceChange } from '../ports/cloud-services.ts';
import type { RolloutJournal } from '../ports/rollout-journal.ts';
import { splitInWords } from './rollout-plan.ts';

export interface ChangePorts {
  readonly cloud: CloudServices;
  readonly journal: RolloutJournal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A line of talk, before each piece of work that may take seconds and every two seconds of it. */
  readonly notify: (message: string) => void;
}

/** Cloud Run gives a revision four minutes to start, and itself a few more. */
const PATIENCE_MS = 900_000;
const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 2000;
const QUIET_MS = 2000;

export interface Observed {
  readonly service: CloudService | undefined;
  /** How what an earlier command had begun ended, where it ended badly. */
  readonly failure?: Problem;
}

/**
 * The service once nothing is under way: what an earlier command began and did not see the end of is
 * waited for first. Without such a thing it is one request.
 */
export async function observe(
  name: string,
  ports: ChangePorts,
): Promise<Result<Observed, Problem>> {
  const { cloud, journal, notify } = ports;
  const pending = journal.pending(name);
  let failure: Problem | undefined;
  if (pending !== undefined && pending.resource === cloud.resourceOf(name)) {
    notify(`going on with the change of ${name} that was begun at ${pending.startedAt}`);
    const settled = await settle(name, pending.operation, ports);
    if (!settled.ok && journal.pending(name) !== undefined) return settled;
    if (!settled.ok) failure = settled.error;
  }
  const waiting = startWaiting(name, 'another change', ports);
  for (;;) {
    const service = await cloud.get(name);
    if (!service.ok) return service;
    if (service.value?.condition.kind !== 'reconciling') {
      return ok({ service: service.value, ...(failure !== undefined && { failure }) });
    }
    if (!(await waiting.pause())) return err(waiting.tooLong());
  }
}

/** Ends when the operation has ended; the journal then forgets it. Failed: with what Cloud Run says. */
async function settle(
  name: string,
  operation: string,
  ports: ChangePorts,
): Promise<Result<void, Problem>> {
  const { cloud, journal } = ports;
  const waiting = startWaiting(name, 'the change', ports);
  for (;;) {
    const state = await cloud.operation(operation);
    if (!state.ok) return state;
    if (state.value.kind !== 'running') {
      journal.forget(name);
      return state.value.kind === 'failed' ? err(state.value.problem) : ok(undefined);
    }
    if (!(await waiting.pause(state.value.note))) return err(waiting.tooLong());
  }
}

/** Polls ever more slowly, and never lets two seconds pass in silence. */
function startWaiting(name: string, what: string, { clock, signal, notify }: ChangePorts) {
  const began = clock.monotonic();
  let pollMs = FIRST_POLL_MS;
  let told = began;
  return {
    /** False when it has been too long. @throws the signal's reason when it aborts. */
    async pause(note?: string): Promise<boolean> {
      await clock.sleep(pollMs, signal);
      signal.throwIfAborted();
      pollMs = Math.min(LAST_POLL_MS, pollMs * 1.5);
      const now = clock.monotonic();
      if (now - told >= QUIET_MS) {
        told = now;
        const seconds = Math.round((now - began) / 1000);
        notify(
          `waiting for ${what} of ${name}, ${seconds} s${note === undefined ? '' : `: ${note}`}`,
        );
      }
      return now - began < PATIENCE_MS;
    },
    tooLong: (): Problem =>
      problem(
        'remote',
        'deploy/still-pending',
        `${what} of ${name} is under way on Cloud Run for more than ${PATIENCE_MS / 60_000} minutes`,
        'the same command goes on waiting; `avian rollout status` shows how far it is',
      ),
  };
}

/**
 * What a change that was sent came to. Its operation is on the disk before anything waits, so that a
 * killed command's successor waits for it and begins no second one.
 */
export async function complete(
  name: string,
  sent: Result<string, ChangeRefused>,
  ports: ChangePorts,
): Promise<Result<CloudService, ChangeRefused>> {
  if (!sent.ok) return sent;
  const { cloud, journal, clock } = ports;
  journal.keep(name, {
    operation: sent.value,
    resource: cloud.resourceOf(name),
    startedAt: new Date(clock.now()).toISOString(),
  });
  const settled = await settle(name, sent.value, ports);
  const after = settled.ok ? await cloud.get(name) : settled;
  if (!after.ok) return err({ kind: 'other', problem: after.error });
  if (after.value === undefined) return err({ kind: 'other', problem: vanished(name) });
  return ok(after.value);
}

/**
 * Changes the service and waits for the end of it. When somebody else changed it since it was read,
 * it is read again and the change is tried once more, unless their change was about what ours is.
 */
export async function change(
  service: CloudService,
  build: (now: CloudService) => ServiceChange,
  ports: ChangePorts,
): Promise<Result<CloudService, ChangeRefused>> {
  const { name } = service;
  const first = await ports.cloud.update(service, build(service));
  if (first.ok || first.error.kind !== 'changed') return complete(name, first, ports);
  ports.notify(`${name} was changed by somebody else meanwhile: looking again`);
  const again = await observe(name, ports);
  if (!again.ok) return err({ kind: 'other', problem: again.error });
  const { service: now } = again.value;
  if (now === undefined) return err({ kind: 'other', problem: vanished(name) });
  const conflict = conflictBetween(service, now);
  if (conflict !== undefined) return err({ kind: 'other', problem: conflict });
  return complete(name, await ports.cloud.update(now, build(now)), ports);
}

/** Undefined when what a rollout builds on is as it was: the newest revision, its settings, the split. */
function conflictBetween(before: CloudService, now: CloudService): Problem | undefined {
  const changes: string[] = [];
  if (
    before.newest !== now.newest ||
    canonicalJson(before.template) !== canonicalJson(now.template)
  ) {
    changes.push(
      `its newest revision is ${now.newest ?? 'unknown'}, not ${before.newest ?? 'unknown'}`,
    );
  }
  if (canonicalJson(before.split) !== canonicalJson(now.split)) {
    changes.push(`its traffic is ${splitInWords(now.split)}, not ${splitInWords(before.split)}`);
  }
  if (changes.length === 0) return undefined;
  return problem(
    'remote',
    'deploy/changed-elsewhere',
    `somebody else changed ${before.name} meanwhile: ${changes.join('; ')}`,
    'nothing of theirs was overwritten; look with `avian rollout status`, then run this again',
  );
}

const vanished = (name: string): Problem =>
  problem(
    'remote',
    'deploy/not-found',
    `the service ${name} was deleted meanwhile`,
    'the same command makes it anew',
  );
