import type { JsonObject } from '../model/json.ts';
import type { GateCheck, LockCheck, VerifyView } from '../model/views.ts';
import { describeReason, oneLine } from './describe.ts';
import { encodeReason } from './event-codec.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { decimal } from './units.ts';

/**
 * What CI prints: a line a stage, what is wrong beside and below it, and the sum:
 *
 *     fetch     ✓ verified
 *     train     ! stale     params.train.lr 0.001 -> 0.0003
 *     evaluate  ✗ gate      accuracy is 0.89, must be >= 0.9 (metrics.json)
 */
export function verifyText(view: VerifyView, style: Style): string {
  const { glyphs } = style;
  const state = (glyph: string, word: string, paint: (text: string) => string): Cell => ({
    text: `${glyph} ${word}`,
    paint,
  });
  const stages = view.stages.flatMap(({ name, check, gates }): (readonly Cell[])[] => {
    const failed = gates.filter((gate) => gate.state === 'failed').map(describeGate);
    const unknown = gates.filter((gate) => gate.state === 'unknown').map(describeGate);
    const looks = {
      verified: state(glyphs.executed, 'verified', style.good),
      frozen: state(glyphs.cancelled, 'frozen', style.faint),
      stale: state(glyphs.stale, 'stale', style.warn),
      unchecked: state(glyphs.waiting, 'unchecked', style.info),
    };
    const first: Cell[] = [{ text: name }, looks[check.kind]];
    const rows = [
      ...detailsOf(check).map((text) => [looks[check.kind], text] as const),
      ...failed.map((text) => [state(glyphs.failed, 'gate', style.bad), text] as const),
      ...unknown.map((text) => [state(glyphs.waiting, 'gate', style.info), text] as const),
    ];
    if (detailsOf(check).length === 0) rows.unshift([looks[check.kind], '']);
    return rows.map(([cell, text], index) => [
      index === 0 ? (first[0] ?? { text: '' }) : { text: '' },
      index > 0 && cell === looks[check.kind] ? { text: '' } : cell,
      { text, loose: true },
    ]);
  });
  const others = [
    ...view.contested.map((path) => [path, 'two branches changed this source'] as const),
    ...view.undeclared.map((name) => [name, 'is in pipeline.lock, not in pipeline.yaml'] as const),
  ].map(([name, text]): readonly Cell[] => [
    { text: oneLine(name) },
    state(glyphs.stale, 'stale', style.warn),
    { text, loose: true },
  ]);
  return `${table([...stages, ...others])}${sum(view)}\n`;
}

function detailsOf(check: LockCheck): readonly string[] {
  switch (check.kind) {
    case 'stale':
      return check.reasons.map((reason) =>
        reason.kind === 'locked-run-unknown'
          ? 'pipeline.lock was made from other inputs, by a run that is not known here'
          : describeReason(reason),
      );
    case 'unchecked':
      return check.beyond.map((path) => `${oneLine(path)} lies in data that is not here`);
    case 'verified':
    case 'frozen':
      return [];
  }
}

function describeGate({ path, gate, state, actual }: GateCheck): string {
  const rule = `${oneLine(gate.metric)} ${gate.comparison} ${decimal(gate.bound)}`;
  if (state === 'unknown') return `${rule} (${oneLine(path)} is not here)`;
  const found = actual === undefined ? 'absent' : decimal(actual);
  return `${oneLine(gate.metric)} is ${found}, must be ${gate.comparison} ${decimal(gate.bound)} (${oneLine(path)})`;
}

function sum({ stages, contested, undeclared }: VerifyView): string {
  const count = (kind: LockCheck['kind']): number =>
    stages.filter(({ check }) => check.kind === kind).length;
  const gates = stages.flatMap((stage) => stage.gates);
  const parts = [
    [gates.filter(({ state }) => state === 'failed').length, 'gate failed'],
    [count('stale') + contested.length + undeclared.length, 'stale'],
    [count('unchecked'), 'unchecked'],
    [gates.filter(({ state }) => state === 'unknown').length, 'gate unchecked'],
    [count('frozen'), 'frozen'],
    [count('verified'), 'verified'],
  ] as const;
  const told = parts.flatMap(([n, word]) =>
    n === 0 ? [] : [`${n} ${n === 1 ? word : word.replace('gate', 'gates')}`],
  );
  return told.length === 0 ? 'no stages' : told.join(', ');
}

export const verifyJson = (view: VerifyView): JsonObject => ({
  v: 1,
  stages: view.stages.map(({ name, check, gates }) => ({
    name,
    state: check.kind,
    reasons: check.kind === 'stale' ? check.reasons.map(encodeReason) : [],
    ...(check.kind === 'unchecked' && { beyond: check.beyond }),
    gates: gates.map(({ path, gate, state, actual }) => ({
      path,
      metric: gate.metric,
      comparison: gate.comparison,
      bound: gate.bound,
      state,
      ...(actual !== undefined && { actual }),
    })),
  })),
  contested: view.contested,
  undeclared: view.undeclared,
});
