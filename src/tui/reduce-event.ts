import type { AvianEvent } from '../model/event.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { assertNever } from '../model/result.ts';
import { describeFailure, describeOutcome, describeReason, oneLine } from '../report/describe.ts';
import { describeHolder, describeTransfer, describeWork } from '../report/heartbeat.ts';
import { NO_GAUGES, readGauges } from './gauges.ts';
import { EMPTY_LOG, appendChunk, endLog, shortenLog, unfinished, type Log } from './log.ts';
import { newRow, withRow, type Phase, type Row, type TuiState } from './state.ts';

type EventOf<Type extends AvianEvent['type']> = Extract<AvianEvent, { type: Type }>;

/** What an event makes of the screen. `state.clock` says when it came. */
export function reduceEvent(state: TuiState, event: AvianEvent): TuiState {
  switch (event.type) {
    case 'plan-ready':
      return planReady(state, event);
    case 'waiting-for-lock':
      return saying(state, `waiting for ${describeHolder(event.holder)} to finish`, 'warn');
    case 'stage-started':
      return stageStarted(state, event);
    case 'stage-output':
      return stageOutput(state, event);
    case 'stage-settled':
      return stageSettled(state, event);
    case 'progress':
      return working(state, describeWork(event));
    case 'transfer-progress':
      return working(
        state,
        describeTransfer(event),
        event.totalBytes > 0 ? event.bytes / event.totalBytes : undefined,
      );
    case 'diagnostic': {
      const { severity, code, message } = event.diagnostic;
      const text = `${severity}[${code}]: ${oneLine(message)}`;
      return saying(state, text, severity === 'error' ? 'bad' : 'warn');
    }
    case 'repro-done':
      return relieved({ ...state, activity: { kind: 'idle' }, work: undefined, last: event });
    default:
      return assertNever(event);
  }
}

export const saying = (
  state: TuiState,
  text: string,
  tone: NonNullable<TuiState['notice']>['tone'] = 'plain',
): TuiState => ({ ...state, notice: { text, tone } });

const working = (state: TuiState, text: string, share?: number): TuiState => ({
  ...state,
  work: {
    text,
    atMs: state.clock.monotonicMs,
    ...(share !== undefined && { share: Math.min(1, share) }),
  },
});

function planReady(state: TuiState, { stages }: EventOf<'plan-ready'>): TuiState {
  const by = state.activity.kind === 'run' ? state.activity.by : 'us';
  const rows = new Map(state.rows);
  for (const name of stages) {
    const row = rows.get(name) ?? newRow(name);
    // A frozen stage stays frozen: it is settled without being looked at.
    const { elapsedMs, ...rest } = row;
    if (row.phase !== 'frozen') rows.set(name, { ...rest, phase: 'queued', detail: '' });
  }
  return {
    ...state,
    rows,
    order: [...state.order, ...stages.filter((name) => !state.rows.has(name))],
    selected: state.selected ?? stages[0],
    activity: {
      kind: 'run',
      by,
      planned: stages,
      sinceMs: state.clock.monotonicMs,
      stopping: false,
    },
    last: undefined,
    tracking: true,
    notice: undefined,
  };
}

function stageStarted(state: TuiState, event: EventOf<'stage-started'>): TuiState {
  const reasons = event.reasons.map(describeReason);
  const next = withRow(state, event.stage, {
    phase: 'running',
    startedMs: state.clock.monotonicMs,
    reasons,
    detail: reasons[0] ?? '',
    attempt: event.attempt,
    log: EMPTY_LOG,
    gauges: NO_GAUGES,
  });
  return tracked({ ...next, answers: withoutStage(next, event.stage) });
}

function stageOutput(state: TuiState, event: EventOf<'stage-output'>): TuiState {
  const row = state.rows.get(event.stage);
  // A log that is replayed is an earlier run's: it starts anew with the first piece.
  const before = event.replayed === true && row?.phase === 'queued' ? EMPTY_LOG : row?.log;
  const log = appendChunk(before ?? EMPTY_LOG, event.stream, event.chunk);
  const gauges = readGauges(
    row?.gauges ?? NO_GAUGES,
    newLines(before ?? EMPTY_LOG, log),
    unfinished(log),
  );
  return withRow(state, event.stage, { log, gauges });
}

const newLines = (before: Log, after: Log): readonly string[] => {
  const added = after.dropped + after.lines.length - before.dropped - before.lines.length;
  return added === 0 ? [] : after.lines.slice(-added);
};

function stageSettled(state: TuiState, event: EventOf<'stage-settled'>): TuiState {
  const { stage, outcome, elapsedMs } = event;
  const row = state.rows.get(stage);
  const next = withRow(state, stage, {
    phase: phaseOf(outcome, row, state),
    // Of what did not run, it would only say how long looking took.
    ...((row?.phase === 'running' || outcome.kind === 'restored') && { elapsedMs }),
    detail: detailOf(outcome, elapsedMs, state.clock.nowMs),
    log: endLog(row?.log ?? EMPTY_LOG),
  });
  return tracked({ ...next, work: undefined });
}

/** What its word and its time do not say already. */
function detailOf(outcome: StageOutcome, elapsedMs: number, nowMs: number): string {
  switch (outcome.kind) {
    case 'failed':
      return describeFailure(outcome.failure);
    case 'executed':
      return outcome.unchangedOuts ? 'outs unchanged' : '';
    case 'restored':
    case 'blocked':
      return describeOutcome(outcome, elapsedMs, nowMs).replace(`${outcome.kind} `, '');
    case 'skipped':
    case 'cancelled':
      return '';
    default:
      return assertNever(outcome);
  }
}

function phaseOf(outcome: StageOutcome, row: Row | undefined, state: TuiState): Phase {
  switch (outcome.kind) {
    case 'skipped':
      return outcome.frozen === true ? 'frozen' : 'fresh';
    case 'executed':
      return 'done';
    case 'cancelled':
      // What ran when a person stopped it was interrupted; what had not begun was only called off.
      return row?.phase === 'running' && state.activity.kind === 'run'
        ? 'interrupted'
        : 'cancelled';
    case 'restored':
    case 'failed':
    case 'blocked':
      return outcome.kind;
    default:
      return assertNever(outcome);
  }
}

/** While nobody has moved it, the selection is on what runs; on what failed once nothing does. */
function tracked(state: TuiState): TuiState {
  if (!state.tracking) return state;
  const current = state.rows.get(state.selected ?? '')?.phase;
  if (current === 'running') return state;
  const running = state.order.findLast((name) => state.rows.get(name)?.phase === 'running');
  const failed = state.order.find((name) => state.rows.get(name)?.phase === 'failed');
  const selected = running ?? failed ?? state.selected;
  return selected === state.selected ? state : { ...state, selected, following: true };
}

function withoutStage(state: TuiState, stage: string): TuiState['answers'] {
  const kept = Object.entries(state.answers).filter(([, answer]) => answer.stage !== stage);
  return Object.fromEntries(kept);
}

/** Of all logs together; some 25 MB of memory. */
const ALL_UNITS = 12_000_000;
const TAIL_LINES = 50;

/** Keeps memory within bounds in a project of thousands of stages: logs of settled ones are shortened. */
export function relieved(state: TuiState): TuiState {
  let size = 0;
  for (const { log } of state.rows.values()) size += log.size;
  if (size <= ALL_UNITS) return state;
  const rows = new Map(state.rows);
  for (const [name, row] of rows) {
    if (size <= ALL_UNITS) break;
    if (row.phase === 'running' || name === state.selected) continue;
    const log = shortenLog(row.log, TAIL_LINES);
    size -= row.log.size - log.size;
    rows.set(name, { ...row, log });
  }
  return { ...state, rows };
}
