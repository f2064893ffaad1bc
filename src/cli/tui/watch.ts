import { join, relative } from 'node:path';
import { usualDurations } from '../../commands/usual-durations.ts';
import type { CommandContext } from '../../commands/context.ts';
import type { StageName } from '../../model/names.ts';
import { createAnnouncer } from '../../report/announce.ts';
import { createPlainRenderer, type Renderer } from '../../report/plain.ts';
import { createStyle } from '../../report/style.ts';
import { answered } from '../../tui/reduce-action.ts';
import { withUsual } from '../../tui/reduce-view.ts';
import type { Effect } from '../../tui/state.ts';
import type { Store } from '../../tui/store.ts';
import { findRoot } from '../find-root.ts';
import type { Io } from '../io.ts';
import { rendererOptions } from '../renderer-options.ts';
import { answerLines } from './answers.ts';
import { chooseTui, type TuiChoice } from './choose.ts';
import { createStops } from './stops.ts';
import { tryToOpenSurface } from './surface.ts';
import { createTuiRenderer } from './tui-renderer.ts';

/** A run that is watched on a screen of its own, where there can be one. */
export interface Watch {
  readonly renderer: Renderer;
  /** What is said through it does not disturb the screen. */
  readonly io: Io;
  /** The project is open: what the screen asks is answered from it. */
  readonly opened: (context: CommandContext) => void;
  /** See ReproOptions. */
  readonly stopOf?: (stage: StageName) => AbortSignal;
}

/** `avian repro --tui`. Leaving the screen, or its failure, leaves the run alone: plain lines tell the rest. */
export async function openWatch(io: Io): Promise<Watch> {
  const choice = chooseTui(io);
  if (choice.kind !== 'screen') return inLines(choice, io);
  let context: CommandContext | undefined;
  const surface = await tryToOpenSurface(io, {
    purpose: 'run',
    onEffect,
    onCrash: (error) => renderer.toPlain(crashText(error, io)),
  });
  if ('why' in surface) return inLines({ kind: 'plain', why: surface.why }, io);
  const { store } = surface;
  const renderer = createTuiRenderer(io, surface, logPathIn(io));

  const stops = createStops();

  function onEffect(effect: Effect): void {
    if (effect.kind === 'quit') renderer.toPlain();
    else if (effect.kind === 'stop-run') io.openTerminal().interrupt();
    else if (effect.kind === 'stop') stops.stop(effect.stage);
    else if (effect.kind === 'ask' && context !== undefined) {
      void ask(effect, context, store, io);
    }
  }

  return {
    io: surface.io,
    stopOf: stops.signalOf,
    opened: (project) => {
      context = project;
    },
    renderer: {
      onEvent(event) {
        renderer.onEvent(event);
        if (event.type === 'plan-ready' && context !== undefined) {
          void tellUsual(event.stages, context, store);
        }
      },
      close: renderer.close,
    },
  };
}

function inLines(choice: Exclude<TuiChoice, { kind: 'screen' }>, io: Io): Watch {
  if (choice.kind === 'plain') io.stderr(whyPlain(choice.why, io));
  const renderer =
    choice.kind === 'announced'
      ? createAnnouncer(rendererOptions(io))
      : createPlainRenderer(rendererOptions(io));
  return { renderer, io, opened: () => undefined };
}

export const whyPlain = (why: string, io: Io): string => {
  const { faint, glyphs } = createStyle(io);
  return `${faint(`${glyphs.waiting} plain lines, no screen: ${why}`)}\n`;
};

export const crashText = (error: unknown, io: Io): string => {
  const { warn } = createStyle(io);
  const cause = error instanceof Error ? error.message : String(error);
  return `${warn('warning[tui/failed]')}: the screen failed: ${cause}; what runs goes on, in plain lines`;
};

/** Where the whole log of an attempt lies, seen from where avian was started. */
export const logPathIn =
  ({ cwd }: Io) =>
  (attempt: string): string =>
    relative(cwd, join(findRoot(cwd) ?? cwd, 'cache/v1/logs', `${attempt}.log`));

/** Fetches an answer; whatever goes wrong with it is an answer too. Never rejects. */
export async function ask(
  { question, stage }: Extract<Effect, { kind: 'ask' }>,
  context: CommandContext,
  store: Store,
  io: Io,
): Promise<void> {
  const lines = await answerLines(question, stage, context, io).catch((error: unknown) => [
    String(error),
  ]);
  store.update((state) => answered(state, question, stage, lines));
}

/** How long stages take as a rule, for what is left; without it nothing is said of that. Never rejects. */
export async function tellUsual(
  stages: Parameters<typeof usualDurations>[0],
  context: CommandContext,
  store: Store,
): Promise<void> {
  const usual = await usualDurations(stages, context).catch(() => new Map<StageName, number>());
  store.update((state) => withUsual(state, usual));
}
