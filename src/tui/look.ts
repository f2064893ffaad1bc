import type { Style } from '../report/style.ts';
import type { Phase } from './state.ts';

/** How a phase is shown: never by colour alone. */
export interface Look {
  readonly glyph: string;
  readonly word: string;
  readonly paint: (text: string) => string;
}

const OWN_GLYPHS = {
  unicode: { unknown: '?', queued: '○', frozen: '◇', interrupted: '↯' },
  ascii: { unknown: '?', queued: 'o', frozen: '=', interrupted: '/' },
} as const;

export function lookOf(phase: Phase, style: Style, ascii: boolean): Look {
  const { glyphs } = style;
  const own = ascii ? OWN_GLYPHS.ascii : OWN_GLYPHS.unicode;
  const looks: { readonly [each in Phase]: readonly [string, Look['paint']] } = {
    unknown: [own.unknown, style.faint],
    fresh: [glyphs.skipped, style.faint],
    restorable: [glyphs.restored, style.info],
    stale: [glyphs.stale, style.warn],
    undetermined: [glyphs.waiting, style.info],
    frozen: [own.frozen, style.faint],
    interrupted: [own.interrupted, style.warn],
    queued: [own.queued, style.faint],
    running: [glyphs.started, style.info],
    done: [glyphs.executed, style.good],
    restored: [glyphs.restored, style.info],
    failed: [glyphs.failed, style.bad],
    blocked: [glyphs.blocked, style.warn],
    cancelled: [glyphs.cancelled, style.warn],
  };
  const [glyph, paint] = looks[phase];
  return { glyph, word: phase, paint };
}

/** The longest word, for the width of their column. */
export const WORD_WIDTH = 'undetermined'.length;
