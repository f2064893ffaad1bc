import type { JsonObject } from '../model/json.ts';
import type { Verdict } from '../model/verdict.ts';
import type { StageStatus, StatusView } from '../model/views.ts';
import { describeReason, describeRun, describeVerdict, inRemote, oneLine } from './describe.ts';
import { padTo } from './display-width.ts';
import { encodeOrigin, encodeReason } from './event-codec.ts';
import type { Style } from './style.ts';
import { hanging } from './table.ts';

const REASONS_SHOWN = 3;

/**
 * One line a stage, further reasons below it, and the sum:
 *
 *     fetch     · up to date
 *     train     ! stale        params.train.lr 0.001 -> 0.0003
 *     evaluate  ⋯ waits for train
 *
 * @param now milliseconds since 1970, for the age of runs
 */
export function statusText(view: StatusView, style: Style, now: number): string {
  const names = Math.max(0, ...view.stages.map(({ name }) => name.length));
  const lines = view.stages.map(({ name, verdict }) => {
    const word = `${glyphOf(verdict, style)} ${describeVerdict(verdict)}`;
    const details = detailsOf(name, verdict, now);
    const head = details.length === 0 ? word : padTo(word, 12);
    const paint = painter(verdict, style);
    const [first = '', ...further] = details;
    return (
      `${padTo(name, names)}  ${paint(head)}${first === '' ? '' : `  ${first}`}\n` +
      hanging('', names + 2 + 12, further)
    );
  });
  const apart = (view.contested ?? []).map(
    (path) =>
      `${style.warn(`${style.glyphs.stale} ${oneLine(path)}`)}  two branches changed this source: ` +
      `avian checkout --ours or --theirs ${oneLine(path)}\n`,
  );
  return `${lines.join('')}${apart.join('')}${sum(view.stages)}\n`;
}

function detailsOf(name: string, verdict: Verdict, now: number): readonly string[] {
  switch (verdict.kind) {
    case 'up-to-date':
    case 'frozen':
    case 'undetermined':
      return [];
    case 'restorable':
      return [
        `from ${verdict.run === undefined ? 'pipeline.lock' : describeRun(verdict.run, now)}${inRemote(verdict)}`,
      ];
    case 'stale': {
      const shown = verdict.reasons.slice(0, REASONS_SHOWN).map(describeReason);
      const more = verdict.reasons.length - shown.length;
      return more === 0 ? shown : [...shown, `+${more} more: avian why ${oneLine(name)} --all`];
    }
  }
}

export const glyphOf = (verdict: Verdict, { glyphs }: Style): string =>
  ({
    'up-to-date': glyphs.skipped,
    frozen: glyphs.cancelled,
    restorable: glyphs.restored,
    stale: glyphs.stale,
    undetermined: glyphs.waiting,
  })[verdict.kind];

const painter = (verdict: Verdict, style: Style): ((text: string) => string) =>
  ({
    'up-to-date': style.faint,
    frozen: style.faint,
    restorable: style.info,
    stale: style.warn,
    undetermined: style.info,
  })[verdict.kind];

const SUMMED = {
  stale: 'stale',
  undetermined: 'waiting',
  restorable: 'restorable',
  frozen: 'frozen',
  'up-to-date': 'up to date',
} as const satisfies { readonly [kind in Verdict['kind']]: string };

function sum(stages: readonly StageStatus[]): string {
  if (stages.length === 0) return 'no stages';
  const kinds = Object.keys(SUMMED) as Verdict['kind'][];
  return kinds
    .flatMap((kind) => {
      const n = stages.filter(({ verdict }) => verdict.kind === kind).length;
      return n === 0 ? [] : [`${n} ${SUMMED[kind]}`];
    })
    .join(', ');
}

/** `status --json`, one line's worth. */
export const statusJson = (view: StatusView): JsonObject => ({
  v: 1,
  stages: view.stages.map(({ name, verdict }) => ({ name, ...encodeVerdict(verdict) })),
  ...(view.contested !== undefined && { contested: view.contested }),
});

const runOf = (verdict: Verdict): JsonObject =>
  (verdict.kind === 'up-to-date' || verdict.kind === 'restorable') && verdict.run !== undefined
    ? { run: verdict.run.id, origin: encodeOrigin(verdict.run) }
    : {};

/** `reasons` is empty where there are none; a restorable stage has the reasons it is not up to date. */
export const encodeVerdict = (verdict: Verdict): JsonObject => ({
  verdict: verdict.kind,
  reasons: 'reasons' in verdict ? verdict.reasons.map(encodeReason) : [],
  ...runOf(verdict),
  ...(verdict.kind === 'restorable' && verdict.remote !== undefined && { remote: verdict.remote }),
  ...(verdict.kind === 'undetermined' && { waitingOn: verdict.waitingOn }),
});
