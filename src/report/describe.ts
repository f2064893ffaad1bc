import type { ContentChange } from '../model/artifact.ts';
import type { JsonValue } from '../model/json.ts';
import type { Digest, RunId } from '../model/names.ts';
import type { StageFailure } from '../model/failure.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { assertNever } from '../model/result.ts';
import type { Adoption, Run } from '../model/run.ts';
import type { StaleReason, Verdict } from '../model/verdict.ts';
import { readable } from './child-output.ts';
import { truncate } from './display-width.ts';
import { ago, bytes, count, decimal, duration } from './units.ts';

/*
 * The words for facts, shared by every renderer: one line each, no colour, no line feeds, whatever
 * the file names and values in them hold.
 */

/** Six hex digits tell objects of one project apart. */
export const shortDigest = (digest: Digest | string): string =>
  digest.replace(/^[a-z0-9]+:/, '').slice(0, 6);
export const shortRun = (id: RunId): string => id.slice(0, 6);

/** `run 3f2a91 (3 days ago, ana@host)`; of outs that no command made, `(adopted by commit, …)`. */
export const describeRun = (run: Run, now: number): string => {
  const adopted = run.adopted === undefined ? '' : `${describeAdoption(run.adopted)}, `;
  const who = `${oneLine(run.provenance.user)}@${oneLine(run.provenance.host)}`;
  return `run ${shortRun(run.id)} (${adopted}${ago(run.startedAt, now)}, ${who})`;
};

/** `commit 0a1b2c3d with changes`: the code that it ran with. */
export const describeCommit = ({ provenance: { commit, dirty } }: Run): string | undefined =>
  commit === undefined
    ? undefined
    : `commit ${oneLine(commit).slice(0, 8)}${dirty === true ? ' with changes' : ''}`;

export const describeAdoption = (adopted: Adoption): string => `adopted by ${adopted}`;

/** Text of a stranger as one line without control characters. */
export const oneLine = (text: string): string =>
  readable(text.replace(/\s*[\r\n]+\s*/g, ' ').replace(/\t/g, ' ')).trim();

export function describeVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'up-to-date':
      return 'up to date';
    case 'frozen':
      return 'frozen';
    case 'restorable':
      return 'restorable';
    case 'stale':
      return 'stale';
    case 'undetermined':
      return `waits for ${verdict.waitingOn.join(', ')}`;
    default:
      return assertNever(verdict);
  }
}

export function describeReason(reason: StaleReason): string {
  switch (reason.kind) {
    case 'never-ran':
      return 'never ran here';
    case 'forced':
      return 'forced';
    case 'always-changed':
      return 'declared always_changed';
    case 'interrupted':
      return `interrupted at ${oneLine(reason.at)}`;
    case 'last-run-failed':
      return 'its last run failed';
    case 'cmd-changed':
      return `cmd ${change(oneLine(reason.before), oneLine(reason.after))}`;
    case 'wdir-changed':
      return `wdir ${change(reason.before, reason.after)}`;
    case 'dep-changed':
      return depChanged(reason);
    case 'param-changed':
      return `${paramName(reason.key)} ${change(value(reason.before), value(reason.after))}`;
    case 'env-changed':
      return `env ${oneLine(reason.key)} ${
        SECRET.test(reason.key)
          ? 'changed'
          : change(setting(reason.before, 'unset'), setting(reason.after, 'unset'))
      }`;
    case 'tool-changed':
      return `tools ${oneLine(reason.key)} ${change(
        setting(reason.before, 'not found'),
        setting(reason.after, 'not found'),
      )}`;
    case 'outs-declared':
      return `outs ${listDifference(reason.before, reason.after)}`;
    case 'out-missing':
      return `${oneLine(reason.path)} is missing`;
    case 'out-modified':
      return `${oneLine(reason.path)} was changed since: ${digests(reason.before, reason.after)}${changedFiles(reason.files)}`;
    case 'outs-unavailable':
      return `${oneLine(reason.path)} is neither in the workspace nor in the cache`;
    case 'dep-missing':
      return `dep ${oneLine(reason.path)} does not exist${
        reason.producer === undefined ? '' : `; ${reason.producer} writes it`
      }`;
    case 'dep-unreadable':
      return `dep ${oneLine(reason.path)} cannot be read: ${oneLine(reason.cause)}`;
    case 'expired':
      return `${duration(reason.ageMs)} old, its ttl is ${duration(reason.ttlMs)}`;
    case 'probe-failed':
      return `probe failed: ${oneLine(reason.message)}`;
    case 'probe-changed':
      return 'its probe prints something else';
    case 'other-target':
      return `target ${change(oneLine(reason.before), oneLine(reason.after))}`;
    case 'locked-run-unknown':
      return 'pipeline.lock holds another fingerprint, whose run is not on this machine';
    case 'merge-conflict':
      return `${reason.branches === 2 ? 'two' : reason.branches} branches changed it: run it again`;
    default:
      return assertNever(reason);
  }
}

/** Values of such variables stay out of logs. */
const SECRET = /token|secret|passw|credential|(^|_)key$/i;

/** `train.lr` is read from params.yaml; a key of another file names its file. */
const paramName = (key: string): string =>
  key.includes(':') ? oneLine(key) : `params.${oneLine(key)}`;

function depChanged(reason: StaleReason & { readonly kind: 'dep-changed' }): string {
  const path = oneLine(reason.path);
  if (reason.before === undefined) return `dep ${path} is new`;
  if (reason.after === undefined) return `dep ${path} is gone`;
  return `${path} ${digests(reason.before, reason.after)}${changedFiles(reason.files)}`;
}

const digests = (before: Digest, after: Digest): string =>
  `${shortDigest(before)} -> ${shortDigest(after)}`;

function changedFiles(files: readonly ContentChange[] | undefined): string {
  const [first] = files ?? [];
  if (files === undefined || first === undefined || first.path === '') return '';
  const more = files.length - 1;
  const name = truncate(oneLine(first.path), 60, '…');
  return ` (${name} ${first.kind}${more === 0 ? '' : `, +${more} more`})`;
}

const setting = (held: string | null | undefined, absent: string): string =>
  held === undefined ? 'undeclared' : held === null ? absent : value(held);

/** A param's or variable's value as people write it: quoted only where it would mislead. */
export function value(held: JsonValue | undefined): string {
  if (held === undefined) return 'none';
  if (typeof held === 'number') return Number.isFinite(held) ? String(held) : 'none';
  if (typeof held === 'string' && /^[\w./:@+%-]+$/.test(held) && !looksLikeOther(held)) return held;
  return JSON.stringify(held).replace(/[\u007f-\u009f\u2028\u2029]/g, '?');
}

/** A string that would be read as a number, a truth or nothing. */
const looksLikeOther = (text: string): boolean =>
  /^(true|false|null|none)$/i.test(text) || !Number.isNaN(Number(text));

const LONG = 60;

/** `before -> after`; of long texts only the part that differs. */
export function change(before: string, after: string): string {
  if (before.length <= LONG && after.length <= LONG) return `${before} -> ${after}`;
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < Math.min(before.length, after.length) - start &&
    before.at(-1 - end) === after.at(-1 - end)
  ) {
    end += 1;
  }
  // Whole words around the difference are easier to recognise than half ones.
  const from = start === 0 ? 0 : Math.max(0, before.lastIndexOf(' ', start - 1) + 1);
  const part = (text: string): string => {
    const inner = text.slice(from, text.length - end);
    return `${from > 0 ? '…' : ''}${truncate(inner, LONG, '…')}${end > 0 ? '…' : ''}`;
  };
  return `${part(before)} -> ${part(after)}`;
}

function listDifference(before: readonly string[], after: readonly string[]): string {
  const added = after.filter((path) => !before.includes(path)).map((path) => `+${oneLine(path)}`);
  const gone = before.filter((path) => !after.includes(path)).map((path) => `-${oneLine(path)}`);
  const all = [...added, ...gone];
  return all.length <= 4 ? all.join(' ') : `${all.slice(0, 3).join(' ')} +${all.length - 3} more`;
}

export function describeFailure(failure: StageFailure): string {
  switch (failure.kind) {
    case 'exited':
      return exitCode(failure.code);
    case 'signalled':
      return `killed (${oneLine(failure.signal)})${signalHint(failure.signal)}`;
    case 'timed-out':
      return `ran past its timeout of ${duration(failure.afterMs)}`;
    case 'not-started':
      return `could not be started: ${oneLine(failure.cause)}`;
    case 'dep-missing':
      return `dep ${oneLine(failure.path)} does not exist${
        failure.producer === undefined ? '' : `; ${failure.producer} should have written it`
      }`;
    case 'dep-unreadable':
      return `dep ${oneLine(failure.path)} cannot be read: ${oneLine(failure.cause)}`;
    case 'dep-changed-during-run':
      return `its dep ${oneLine(failure.path)} changed while it ran, so nothing was recorded`;
    case 'wrote-others-out':
      return `it wrote ${oneLine(failure.path)}, an out of ${failure.owner}`;
    case 'out-missing':
      return `it ended well but did not write ${oneLine(failure.path)}`;
    case 'out-refused':
      return `${oneLine(failure.path)} cannot be kept: ${oneLine(failure.cause)}`;
    case 'restore-failed':
      return `${oneLine(failure.path)} cannot be restored: ${oneLine(failure.cause)}`;
    case 'not-fetched':
      return `${oneLine(failure.path)} cannot be fetched from ${oneLine(failure.remote)}: ${oneLine(failure.cause)}`;
    case 'metrics-unreadable':
      return `metrics ${oneLine(failure.path)} cannot be read: ${oneLine(failure.cause)}`;
    case 'probe-failed':
      return `it ran, but its probe does not confirm it: ${oneLine(failure.message)}`;
    case 'gate-failed':
      return `gate failed: ${failure.failed
        .map(
          ({ path, gate, actual }) =>
            `${oneLine(gate.metric)} is ${actual === undefined ? 'absent' : decimal(actual)}, must be ${gate.comparison} ${decimal(gate.bound)} (${oneLine(path)})`,
        )
        .join('; ')}`;
    default:
      return assertNever(failure);
  }
}

const SIGNALS: { readonly [number: number]: string } = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
  24: 'SIGXCPU',
};

/** A shell reports a signal n as 128 + n. */
function exitCode(code: number): string {
  if (code === 126) return 'exit 126 -> the command is not executable';
  if (code === 127) return 'exit 127 -> command not found';
  const signal = SIGNALS[code - 128];
  return signal === undefined
    ? `exit ${code}`
    : `exit ${code} -> killed (${signal})${signalHint(signal)}`;
}

const signalHint = (signal: string): string =>
  signal === 'SIGKILL' ? ', often out of memory' : signal === 'SIGSEGV' ? ', a crash' : '';

/** What the command left on its streams, where the failure keeps it. */
export const failureTail = (failure: StageFailure): string =>
  failure.kind === 'exited' || failure.kind === 'signalled' ? failure.tail : '';

/** ` in lab`, where not all of it was in the cache. */
export const inRemote = ({ remote }: { readonly remote?: string }): string =>
  remote === undefined ? '' : ` in ${oneLine(remote)}`;

/** How a stage ended, after its name: `executed 2m 10s`, `restored from run 3f2a91 (…)`. */
export function describeOutcome(outcome: StageOutcome, elapsedMs: number, now: number): string {
  switch (outcome.kind) {
    case 'skipped':
      return outcome.frozen === true ? 'frozen' : 'up to date';
    case 'restored':
      return `restored from ${
        outcome.run === undefined ? 'the lock' : describeRun(outcome.run, now)
      }${inRemote(outcome)}${outcome.bytes > 0 ? `, ${bytes(outcome.bytes)}` : ''}`;
    case 'executed':
      return `executed ${duration(elapsedMs)}${outcome.unchangedOuts ? ', outs unchanged' : ''}`;
    case 'failed':
      return `failed after ${duration(elapsedMs)}: ${describeFailure(outcome.failure)}`;
    case 'blocked':
      return `blocked by ${outcome.by}`;
    case 'cancelled':
      return 'cancelled';
    default:
      return assertNever(outcome);
  }
}

const COUNTED = {
  executed: 'executed',
  restored: 'restored',
  skipped: 'up to date',
  failed: 'failed',
  blocked: 'blocked',
  cancelled: 'cancelled',
} as const satisfies { readonly [kind in StageOutcome['kind']]: string };

/** `2 executed, 5 up to date`; `no stages` for nothing at all. */
export function describeCounts(counts: {
  readonly [kind in StageOutcome['kind']]?: number;
}): string {
  const parts = (Object.keys(COUNTED) as StageOutcome['kind'][]).flatMap((kind) => {
    const n = counts[kind] ?? 0;
    return n > 0 ? [`${n} ${COUNTED[kind]}`] : [];
  });
  return parts.length === 0 ? 'no stages' : parts.join(', ');
}

/** `1.2 MiB` of a file, `12 files, 1.2 MiB` of a directory. */
export const describeSize = (ref: {
  readonly size?: number | undefined;
  readonly files?: number | undefined;
}): string =>
  [
    ...(ref.files === undefined ? [] : [count(ref.files, 'file')]),
    ...(ref.size === undefined ? [] : [bytes(ref.size)]),
  ].join(', ');
