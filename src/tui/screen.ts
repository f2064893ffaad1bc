import { Component, createElement, useEffect, useSyncExternalStore, type ReactNode } from 'react';
import { Box, Text, render, useApp, useInput, useWindowSize, type Instance } from 'ink';
import type { Style } from '../report/style.ts';
import { keysOf } from './keypress.ts';
import { layout } from './layout.ts';
import type { Store } from './store.ts';

export interface ScreenOptions {
  /** A terminal, both of it. */
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly store: Store;
  readonly style: Style;
  readonly ascii: boolean;
  /** Drawing failed; the screen is gone already. */
  readonly onCrash: (error: unknown) => void;
}

export interface Screen {
  /** Leaves the alternate screen and gives the terminal back as it was. */
  readonly close: () => void;
  /** Takes the terminal again and draws all of it: the process was stopped and goes on. */
  readonly redraw: () => void;
}

/** Long lines are cut at the edge, not continued: a character may be wider here than it was counted. */
const WRAP_OFF = '\x1b[?7l';
const WRAP_ON = '\x1b[?7h';
const MAIN_SCREEN = '\x1b[?1049l\x1b[?25h';

/**
 * Draws the store's state on the alternate screen until it is closed. All that is known of React
 * and Ink is in here: what to draw comes from `layout`, and keys go to the store.
 */
export function openScreen(options: ScreenOptions): Screen {
  const { input, output } = options;
  const hold: FrameProps['hold'] = {};
  let instance: Instance | undefined;
  const close = (): void => {
    const closing = instance;
    instance = undefined;
    if (closing === undefined) return;
    try {
      closing.unmount();
      closing.cleanup();
    } finally {
      // Ink gives raw mode back a little later, which is too late before `process.exit`.
      if (input.isTTY) input.setRawMode(false);
      input.unref();
      output.write(WRAP_ON);
    }
  };
  const crash = (error: unknown): void => {
    // Not from within React's own work, nor before this function has answered.
    setTimeout(() => {
      close();
      options.onCrash(error);
    }, 0);
  };
  const frame = createElement(Frame, { ...options, hold });
  output.write(WRAP_OFF);
  try {
    instance = render(createElement(Guard, { onCrash: crash, children: frame }), {
      ...{ stdin: input, stdout: output, stderr: output },
      ...{ interactive: true, alternateScreen: true, incrementalRendering: true, maxFps: 30 },
      ...{ exitOnCtrlC: false, patchConsole: false, isScreenReaderEnabled: false },
    });
  } catch (error) {
    output.write(`${MAIN_SCREEN}${WRAP_ON}`);
    throw error;
  }
  return {
    close,
    redraw() {
      if (instance === undefined) return;
      hold.suspend?.(() => void output.write(WRAP_OFF)).catch(crash);
    },
  };
}

interface FrameProps extends ScreenOptions {
  /** Where the frame leaves how to give the terminal away for a moment. */
  readonly hold: { suspend?: (meanwhile: () => void) => Promise<void> };
}

function Frame({ store, style, ascii, hold }: FrameProps): ReactNode {
  const { suspendTerminal } = useApp();
  const state = useSyncExternalStore(store.subscribe, store.state);
  const { columns, rows } = useWindowSize();
  useInput((input, key) => {
    for (const name of keysOf(input, key)) store.key(name);
  });
  useEffect(() => {
    hold.suspend = suspendTerminal;
  }, [hold, suspendTerminal]);
  useEffect(() => {
    store.update((before) => ({ ...before, size: { columns, rows } }));
  }, [store, columns, rows]);
  const lines = layout({ ...state, size: { columns, rows } }, style, ascii);
  return createElement(
    Box,
    { flexDirection: 'column', width: columns },
    lines.map((line, at) =>
      // An empty text has no height.
      createElement(Text, { key: at, wrap: 'truncate' }, line === '' ? ' ' : line),
    ),
  );
}

interface GuardProps {
  readonly onCrash: (error: unknown) => void;
  readonly children: ReactNode;
}

/** Ink's own way with an error is to draw it and to throw it away with the application. */
class Guard extends Component<GuardProps, { readonly crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError(): { readonly crashed: boolean } {
    return { crashed: true };
  }

  override componentDidCatch(error: unknown): void {
    this.props.onCrash(error);
  }

  override render(): ReactNode {
    return this.state.crashed ? null : this.props.children;
  }
}
