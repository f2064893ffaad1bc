import type { AvianEvent } from '../model/event.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { assertNever } from '../model/result.ts';
import { createLineAssembler, readable, type LineAssembler } from './child-output.ts';
import {
  describeCounts,
  describeFailure,
  describeOutcome,
  describeReason,
  failureTail,
} from './describe.ts';
import { displayWidth, padTo, truncate } from './display-width.ts';
import { createHeartbeat, describeHolder, type Ticker } from './heartbeat.ts';
import { printDiagnostic } from './print-diagnostic.ts';
import { createStyle, type Look, type Style } from './style.ts';
import { duration } from './units.ts';

/** A reader of the event stream. `close` ends it early; after `repro-done` it has nothing to do. */
export interface Renderer {
  readonly onEvent: (event: AvianEvent) => void;
  readonly close: () => void;
}

export interface RendererOptions extends Look {
  /** stdout: results only. */
  readonly out: (text: string) => void;
  /** stderr: talk. */
  readonly err: (text: string) => void;
  readonly ticker: Ticker;
  /**
   * Columns of the terminal behind stderr: there the heartbeat is redrawn in place. Absent where
   * nobody watches: every line stays, and none is cut.
   */
  readonly columns?: number | undefined;
}

const REASONS_SHOWN = 4;
const TAIL_SHOWN = 10;
const WIDEST_NAME = 24;

/** Append-only lines, as CI wants them: what ran, why, what it printed, how it ended. */
export function createPlainRenderer(options: RendererOptions): Renderer {
  const { out, err, ticker, columns } = options;
  const style = createStyle(options);
  const { glyphs } = style;
  const printed = new Map<string, LineAssembler>();
  const failed: { stage: string; outcome: StageOutcome & { readonly kind: 'failed' } }[] = [];
  let nameWidth = 0;
  let waited = false;
  /** Columns of the heartbeat that stands on the last line. */
  let drawn = 0;

  // Overwritten by spaces, which every terminal understands.
  const clear = (): string => (drawn === 0 ? '' : `\r${' '.repeat(drawn)}\r`);
  const say = (text: string): void => {
    err(clear() + text);
    drawn = 0;
    heartbeat.spoke();
  };
  const cut = (line: string): string =>
    columns === undefined ? line : truncate(line, Math.max(20, columns - 1), glyphs.ellipsis);

  const heartbeat = createHeartbeat({
    ticker,
    say(line) {
      const text = cut(`${glyphs.waiting} ${line}`);
      if (columns === undefined) return err(`${style.faint(text)}\n`);
      err(clear() + style.faint(text));
      drawn = displayWidth(text);
    },
    lastLine: (stage) =>
      assembler(stage, 'stdout').partial() || assembler(stage, 'stderr').partial(),
  });

  function assembler(stage: string, stream: 'stdout' | 'stderr'): LineAssembler {
    const key = `${stream} ${stage}`;
    const known = printed.get(key) ?? createLineAssembler();
    printed.set(key, known);
    return known;
  }

  function prefixed(stage: string, lines: readonly string[], replayed: boolean): string {
    const prefix = style.faint(`${padTo(stage, nameWidth)} ${replayed ? ':' : '|'} `);
    return lines.map((line) => `${prefix}${line}\n`).join('');
  }

  /** What the stage printed without ending the line. */
  function rest(stage: string): string {
    const lines = (['stdout', 'stderr'] as const).flatMap((stream) => [
      ...assembler(stage, stream).end(),
    ]);
    return prefixed(stage, lines, false);
  }

  const everyRest = (): string =>
    [...printed.keys()].map((key) => rest(key.slice(key.indexOf(' ') + 1))).join('');

  function onEvent(event: AvianEvent): void {
    heartbeat.note(event);
    switch (event.type) {
      case 'plan-ready': {
        const names = event.stages;
        nameWidth = Math.min(WIDEST_NAME, Math.max(0, ...names.map((name) => name.length)));
        const line = `plan  ${names.length} stage${names.length === 1 ? '' : 's'}: ${names.join(', ')}`;
        return say(`${cut(line)}\n`);
      }
      case 'waiting-for-lock': {
        if (waited) return;
        waited = true;
        return say(`${glyphs.waiting} waiting for ${describeHolder(event.holder)} to finish\n`);
      }
      case 'stage-started': {
        const shown = event.reasons.slice(0, REASONS_SHOWN).map(describeReason);
        const more = event.reasons.length - shown.length;
        if (more > 0) shown.push(`+${more} more: avian why ${event.stage} --all`);
        const head = `${glyphs.started} ${padTo(event.stage, nameWidth)}  `;
        const indent = ' '.repeat(head.length);
        return say(
          shown
            .map((reason, index) =>
              index === 0 ? `${style.info(head)}${reason}\n` : `${indent}${reason}\n`,
            )
            .join(''),
        );
      }
      case 'stage-output': {
        const lines = assembler(event.stage, event.stream).push(event.chunk);
        if (lines.length > 0) say(prefixed(event.stage, lines, event.replayed === true));
        return;
      }
      case 'stage-settled': {
        const { outcome, stage, elapsedMs } = event;
        if (outcome.kind === 'failed') failed.push({ stage, outcome });
        const words = describeOutcome(outcome, elapsedMs, ticker.now());
        const line = `${glyphs[outcome.kind]} ${padTo(stage, nameWidth)}  ${words}`;
        return say(`${rest(stage)}${painter(outcome.kind, style)(line)}\n`);
      }
      case 'diagnostic':
        return say(printDiagnostic(event.diagnostic, style, columns));
      case 'repro-done': {
        say(everyRest() + summary(event));
        for (const url of event.urls) out(`url ${readable(url)}\n`);
        return;
      }
      case 'progress':
      case 'transfer-progress':
        return;
      default:
        return assertNever(event);
    }
  }

  function summary(event: AvianEvent & { readonly type: 'repro-done' }): string {
    const tails = failed.map(({ stage, outcome: { failure } }) => {
      const tail = failureTail(failure)
        .split('\n')
        .map(readable)
        .filter(Boolean)
        .slice(-TAIL_SHOWN);
      return [
        '',
        style.bad(`${glyphs.failed} ${stage}: ${describeFailure(failure)}`),
        ...tail.map((line) => `  ${line}`),
        `  the whole log: avian logs ${stage}`,
        '',
      ].join('\n');
    });
    const counts = describeCounts(event.counts);
    return `${tails.join('')}${style.strong(`done in ${duration(event.elapsedMs)}`)}: ${counts}\n`;
  }

  return {
    onEvent,
    close() {
      heartbeat.stop();
      const text = clear() + everyRest();
      if (text !== '') err(text);
      drawn = 0;
    },
  };
}

const painter = (kind: StageOutcome['kind'], style: Style): ((text: string) => string) =>
  ({
    executed: style.good,
    restored: style.info,
    skipped: style.faint,
    failed: style.bad,
    blocked: style.warn,
    cancelled: style.warn,
  })[kind];
