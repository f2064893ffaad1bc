import type { JsonObject } from '../model/json.ts';
import type { DoctorView } from '../model/views.ts';
import { oneLine } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';

/** One check a line; below what is not well, what to do. */
export function doctorText(view: DoctorView, style: Style): string {
  const { glyphs } = style;
  const looks = {
    ok: { glyph: glyphs.executed, paint: style.good },
    warning: { glyph: glyphs.stale, paint: style.warn },
    failed: { glyph: glyphs.failed, paint: style.bad },
  };
  const rows = view.checks.flatMap(({ name, state, detail, hint }): (readonly Cell[])[] => [
    [
      { text: `${looks[state].glyph} ${state}`, paint: looks[state].paint },
      { text: oneLine(name) },
      { text: oneLine(detail) },
    ],
    ...(hint === undefined
      ? []
      : [[{ text: '' }, { text: '' }, { text: `hint: ${oneLine(hint)}`, paint: style.info }]]),
  ]);
  return table(rows);
}

export const doctorJson = (view: DoctorView): JsonObject => ({
  v: 1,
  checks: view.checks.map(({ name, state, detail, hint }) => ({
    name,
    state,
    detail,
    ...(hint !== undefined && { hint }),
  })),
});
