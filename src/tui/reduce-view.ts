import type { StageName } from '../model/names.ts';
import type { Verdict } from '../model/verdict.ts';
import type { StatusView } from '../model/views.ts';
import { describeReason, describeRun, describeVerdict } from '../report/describe.ts';
import { newRow, type Phase, type Row, type TuiState } from './state.ts';

/** The stages are known by name; those that are new are on their way to be judged. */
export function listed(state: TuiState, stages: readonly string[]): TuiState {
  const rows = new Map(stages.map((name) => [name, state.rows.get(name) ?? newRow(name)]));
  const isNew = stages.some((name) => !state.rows.has(name));
  return {
    ...withRows(state, rows),
    ...(isNew && { notice: { text: LOOKING, tone: 'plain' } }),
  };
}

/**
 * What `avian status` says becomes the list: its stages in its order. A stage that is on its way
 * through a run keeps what the run says of it.
 */
export function judged(state: TuiState, { stages, contested }: StatusView): TuiState {
  const rows = new Map<string, Row>();
  for (const { name, verdict } of stages) {
    const row = state.rows.get(name) ?? newRow(name);
    rows.set(name, isUnderWay(row, state) ? row : withVerdict(row, verdict, state.clock.nowMs));
  }
  const apart = contested === undefined ? [] : [`two branches changed ${contested.join(', ')}`];
  const [text] = apart;
  return {
    ...withRows(state, rows),
    answers: awaited(state.answers),
    notice: text === undefined ? afterLooking(state) : { text, tone: 'warn' },
  };
}

function withRows(state: TuiState, rows: ReadonlyMap<string, Row>): TuiState {
  const order = [...rows.keys()];
  const isStillThere = state.selected !== undefined && rows.has(state.selected);
  return { ...state, rows, order, selected: isStillThere ? state.selected : order[0] };
}

/** What came before is old now; what is on its way will not be. */
const awaited = (answers: TuiState['answers']): TuiState['answers'] =>
  Object.fromEntries(Object.entries(answers).filter(([, { lines }]) => lines === undefined));

/** What is said while `avian status` is asked. */
export const LOOKING = 'looking what is up to date';

const afterLooking = ({ notice }: TuiState): TuiState['notice'] =>
  notice?.text === LOOKING ? undefined : notice;

const isUnderWay = ({ phase }: Row, { activity }: TuiState): boolean =>
  activity.kind === 'run' && (phase === 'running' || phase === 'queued');

function withVerdict(row: Row, verdict: Verdict, nowMs: number): Row {
  const reasons = 'reasons' in verdict ? verdict.reasons.map(describeReason) : [];
  return {
    ...row,
    phase: phaseOf(verdict, row.phase),
    reasons,
    detail: detailOf(verdict, row, reasons, nowMs),
  };
}

function phaseOf(verdict: Verdict, before: Phase): Phase {
  switch (verdict.kind) {
    case 'up-to-date':
      // How it came to be so in this session says more than that it is.
      return before === 'done' || before === 'restored' ? before : 'fresh';
    case 'stale':
      if (before === 'failed' || before === 'interrupted') return before;
      return verdict.reasons.some(({ kind }) => kind === 'interrupted') ? 'interrupted' : 'stale';
    case 'frozen':
    case 'restorable':
    case 'undetermined':
      return verdict.kind;
  }
}

function detailOf(verdict: Verdict, row: Row, reasons: readonly string[], nowMs: number): string {
  switch (verdict.kind) {
    case 'up-to-date':
      return row.phase === 'done' || row.phase === 'restored' ? row.detail : '';
    case 'stale':
      return row.phase === 'failed' ? row.detail : (reasons[0] ?? '');
    case 'restorable':
      return verdict.run === undefined
        ? 'from pipeline.lock'
        : `from ${describeRun(verdict.run, nowMs)}`;
    case 'undetermined':
      return describeVerdict(verdict);
    case 'frozen':
      return '';
  }
}

/** How long stages take as a rule became known. */
export function withUsual(state: TuiState, usual: ReadonlyMap<StageName, number>): TuiState {
  const rows = new Map(state.rows);
  for (const [name, usualMs] of usual) {
    const row = rows.get(name);
    if (row !== undefined) rows.set(name, { ...row, usualMs });
  }
  return { ...state, rows };
}
