import type { Diagnostic, Span } from '../model/diagnostic.ts';
import type { AvianEvent } from '../model/event.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { StageFailure } from '../model/failure.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { assertNever } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { StaleReason } from '../model/verdict.ts';
import { describeFailure } from './describe.ts';

/*
 * From the model's values to the published form, schemas/event.schema.json. Every field is written
 * out: a change of the model must not change what machines read by accident. Absent means that
 * there is nothing to say.
 */

/** One event as a line of `avian repro --json`; undefined for what only people are told. */
export function encodeEvent(event: AvianEvent): JsonObject | undefined {
  switch (event.type) {
    case 'plan-ready':
      return { v: 1, type: 'plan-ready', stages: event.stages };
    case 'stage-started':
      return {
        v: 1,
        type: 'stage-started',
        stage: event.stage,
        attempt: event.attempt,
        fingerprint: event.fingerprint,
        reasons: event.reasons.map(encodeReason),
        cmd: event.cmd,
      };
    case 'stage-output':
      return {
        v: 1,
        type: 'stage-output',
        stage: event.stage,
        stream: event.stream,
        chunk: event.chunk,
        ...(event.replayed && { replayed: true }),
      };
    case 'stage-settled':
      return {
        v: 1,
        type: 'stage-settled',
        stage: event.stage,
        outcome: encodeOutcome(event.outcome),
        run: runOf(event.outcome)?.id ?? null,
        ...originOf(event.outcome),
        elapsedMs: Math.round(event.elapsedMs),
      };
    case 'transfer-progress':
      return {
        v: 1,
        type: 'transfer-progress',
        direction: event.direction,
        phase: event.phase,
        files: event.files,
        totalFiles: event.totalFiles,
        bytes: event.bytes,
        totalBytes: event.totalBytes,
        bytesPerSecond: Math.round(event.bytesPerSecond),
        ...(event.etaMs !== undefined && { etaMs: Math.round(event.etaMs) }),
        ...(event.slowest !== undefined && {
          slowest: { name: event.slowest.name, silentMs: Math.round(event.slowest.silentMs) },
        }),
      };
    case 'diagnostic':
      return {
        v: 1,
        type: 'diagnostic',
        ...(event.stage !== undefined && { stage: event.stage }),
        diagnostic: encodeDiagnostic(event.diagnostic),
      };
    case 'repro-done':
      return {
        v: 1,
        type: 'repro-done',
        counts: Object.fromEntries(Object.entries(event.counts).filter(([, n]) => n > 0)),
        elapsedMs: Math.round(event.elapsedMs),
        urls: event.urls,
      };
    case 'waiting-for-lock':
    case 'progress':
      return undefined;
    default:
      return assertNever(event);
  }
}

/** `kind`, `key` and what changed: the same members in `status --json` and in events. */
export function encodeReason(reason: StaleReason): JsonObject {
  switch (reason.kind) {
    case 'never-ran':
    case 'forced':
    case 'always-changed':
    case 'last-run-failed':
    case 'probe-changed':
    case 'locked-run-unknown':
      return { kind: reason.kind };
    case 'interrupted':
      return { kind: reason.kind, at: reason.at };
    case 'merge-conflict':
      return { kind: reason.kind, branches: reason.branches };
    case 'cmd-changed':
    case 'wdir-changed':
    case 'outs-declared':
    case 'other-target':
      return { kind: reason.kind, before: reason.before, after: reason.after };
    case 'param-changed':
    case 'env-changed':
    case 'tool-changed':
      return { kind: reason.kind, key: reason.key, ...sides(reason.before, reason.after) };
    case 'dep-changed':
      return {
        kind: reason.kind,
        key: reason.path,
        ...sides(reason.before, reason.after),
        ...encodeFiles(reason.files),
        ...(reason.producer !== undefined && { producer: reason.producer }),
      };
    case 'out-modified':
      return {
        kind: reason.kind,
        key: reason.path,
        before: reason.before,
        after: reason.after,
        ...encodeFiles(reason.files),
      };
    case 'out-missing':
    case 'outs-unavailable':
      return { kind: reason.kind, key: reason.path };
    case 'dep-missing':
      return {
        kind: reason.kind,
        key: reason.path,
        ...(reason.producer !== undefined && { producer: reason.producer }),
      };
    case 'dep-unreadable':
      return { kind: reason.kind, key: reason.path, cause: reason.cause };
    case 'expired':
      return { kind: reason.kind, ageMs: reason.ageMs, ttlMs: reason.ttlMs };
    case 'probe-failed':
      return { kind: reason.kind, message: reason.message };
    default:
      return assertNever(reason);
  }
}

const runOf = (outcome: StageOutcome): Run | undefined =>
  outcome.kind === 'blocked' || outcome.kind === 'cancelled' ? undefined : outcome.run;

/** Of outs that an earlier run made. */
function originOf(outcome: StageOutcome): JsonObject {
  const isEarlier = outcome.kind === 'skipped' || outcome.kind === 'restored';
  return isEarlier && outcome.run !== undefined ? { origin: encodeOrigin(outcome.run) } : {};
}

/** Who ran it where and when, with which code. */
export function encodeOrigin({ startedAt, provenance }: Run): JsonObject {
  const { user, host, commit, dirty } = provenance;
  return {
    ...{ user, host, startedAt },
    ...(commit !== undefined && { commit }),
    ...(dirty !== undefined && { dirty }),
  };
}

const sides = (before: JsonValue | undefined, after: JsonValue | undefined): JsonObject => ({
  ...(before !== undefined && { before }),
  ...(after !== undefined && { after }),
});

const encodeFiles = (
  files: readonly { readonly path: string; readonly kind: string }[] | undefined,
): JsonObject =>
  files === undefined ? {} : { files: files.map(({ path, kind }) => ({ path, kind })) };

function encodeOutcome(outcome: StageOutcome): JsonObject {
  switch (outcome.kind) {
    case 'skipped':
      return { kind: 'skipped', ...(outcome.frozen === true && { frozen: true }) };
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'restored':
      return {
        ...{ kind: 'restored', bytes: outcome.bytes },
        ...(outcome.remote !== undefined && { remote: outcome.remote }),
      };
    case 'executed':
      return { kind: 'executed', unchangedOuts: outcome.unchangedOuts };
    case 'failed':
      return { kind: 'failed', failure: encodeFailure(outcome.failure) };
    case 'blocked':
      return { kind: 'blocked', by: outcome.by };
    default:
      return assertNever(outcome);
  }
}

/** The kind, the sentence people read, and the members of that kind. */
function encodeFailure(failure: StageFailure): JsonObject {
  return { kind: failure.kind, message: describeFailure(failure), ...failureFacts(failure) };
}

function failureFacts(failure: StageFailure): JsonObject {
  switch (failure.kind) {
    case 'exited':
      return { code: failure.code, tail: failure.tail };
    case 'signalled':
      return { signal: failure.signal, tail: failure.tail };
    case 'timed-out':
      return { afterMs: failure.afterMs };
    case 'not-started':
      return { cause: failure.cause };
    case 'probe-failed':
      return {};
    case 'dep-missing':
      return {
        path: failure.path,
        ...(failure.producer !== undefined && { producer: failure.producer }),
      };
    case 'dep-changed-during-run':
    case 'out-missing':
      return { path: failure.path };
    case 'wrote-others-out':
      return { path: failure.path, owner: failure.owner };
    case 'dep-unreadable':
    case 'out-refused':
    case 'restore-failed':
    case 'metrics-unreadable':
      return { path: failure.path, cause: failure.cause };
    case 'not-fetched':
      return { path: failure.path, remote: failure.remote, cause: failure.cause };
    case 'gate-failed':
      return {
        failed: failure.failed.map(({ path, gate, actual }) => ({
          path,
          metric: gate.metric,
          comparison: gate.comparison,
          bound: gate.bound,
          actual: actual !== undefined && Number.isFinite(actual) ? actual : null,
        })),
      };
    default:
      return assertNever(failure);
  }
}

const encodeDiagnostic = (diagnostic: Diagnostic): JsonObject => ({
  severity: diagnostic.severity,
  code: diagnostic.code,
  message: diagnostic.message,
  ...(diagnostic.span !== undefined && { span: encodeSpan(diagnostic.span) }),
  ...(diagnostic.excerpt !== undefined && { excerpt: diagnostic.excerpt }),
  ...(diagnostic.also !== undefined && {
    also: diagnostic.also.map(({ span, message }) => ({
      span: encodeSpan(span),
      ...(message !== undefined && { message }),
    })),
  }),
  ...(diagnostic.hint !== undefined && { hint: diagnostic.hint }),
});

const encodeSpan = ({ file, line, column, length }: Span): JsonObject => ({
  file,
  line,
  column,
  length,
});
