import { createStyle } from '../../report/style.ts';
import { copySequence } from '../../tui/clipboard.ts';
import { initialState, type Effect, type TuiState } from '../../tui/state.ts';
import { createStore, type Store } from '../../tui/store.ts';
import { systemClock } from '../clock.ts';
import type { Io } from '../io.ts';

/** The screen on the terminal, for as long as it is open. */
export interface Surface {
  readonly store: Store;
  /** As the one it was made from, but what is said waits until the terminal is given back. */
  readonly io: Io;
  /** Gives the terminal back; does nothing a second time. What was said meanwhile is left to `release`. */
  readonly close: () => void;
  /** Says what waited; from then on everything is said at once. */
  readonly release: () => void;
}

const isOfScreen = (error: unknown): boolean =>
  error instanceof Error && /\bscreen\.js\b/.test(error.stack ?? '');

/** As `openSurface`; where it fails the terminal is as before, and the reason comes back. */
export const tryToOpenSurface = (
  ...args: Parameters<typeof openSurface>
): Promise<Surface | { readonly why: string }> =>
  openSurface(...args).catch((error: unknown) => ({
    why: `it failed: ${error instanceof Error ? error.message : String(error)}`,
  }));

/**
 * Takes the terminal. It is given back by `close`, when drawing fails, and when the process ends in any way that
 * lets it do something.
 *
 * @param onCrash drawing or the state failed: the terminal is given back already, the work goes on
 */
async function openSurface(
  io: Io,
  about: {
    readonly purpose: TuiState['purpose'];
    readonly onEffect: (effect: Exclude<Effect, { kind: 'copy' | 'interrupt' }>) => void;
    readonly onCrash: (error: unknown) => void;
  },
): Promise<Surface> {
  const { openScreen } = await import('../../tui/screen.ts');
  const terminal = io.openTerminal();
  const { input, output } = terminal;
  const held: (() => unknown)[] = [];
  let isHeld = true;
  let isOpen = true;
  const said =
    <What>(say: (what: What) => unknown) =>
    (what: What): boolean => {
      if (!isHeld) return say(what) !== false;
      held.push(() => say(what));
      return true;
    };
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    for (const forget of subscriptions) forget();
    store.close();
    screen.close();
  };
  const crash = (error: unknown): void => {
    close();
    about.onCrash(error);
  };
  const store = createStore(
    initialState({
      purpose: about.purpose,
      size: { columns: output.columns, rows: output.rows },
      clock: { monotonicMs: systemClock.monotonic(), nowMs: systemClock.now() },
    }),
    {
      clock: {
        now: () => systemClock.now(),
        monotonic: () => systemClock.monotonic(),
        after: (ms, act) => {
          const timer = setTimeout(act, ms);
          return () => {
            clearTimeout(timer);
          };
        },
      },
      onEffect(effect) {
        if (effect.kind === 'copy') output.write(copySequence(effect.text));
        else if (effect.kind === 'interrupt') terminal.interrupt();
        else about.onEffect(effect);
      },
      // Later: it may happen while the screen is being opened.
      onError: (error) => void setTimeout(() => crash(error), 0),
    },
  );
  // A terminal that goes away ends the screen, by SIGHUP; what is still written to it is lost.
  output.on('error', () => undefined);
  const { ascii } = io;
  const style = createStyle(io);
  const screen = openScreen({ input, output, store, style, ascii, onCrash: crash });
  const subscriptions = [
    terminal.on('ended', close),
    terminal.on('continued', () => screen.redraw()),
    // Ink draws from timers of its own, where no component can catch anything.
    terminal.onUncaught((error) => {
      if (!isOfScreen(error)) close();
      else crash(error);
      return isOfScreen(error) ? 'dealt with' : 'not mine';
    }),
  ];
  return {
    store,
    io: { ...io, stdout: said(io.stdout), stderr: said(io.stderr) },
    close,
    release() {
      isHeld = false;
      for (const say of held.splice(0)) say();
    },
  };
}
