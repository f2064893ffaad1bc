import {
  Component,
  createElement,
  useEffect,
  useLayoutEffect,
  useSyncExternalStore,
  type ReactNode,
} from 'react';
import { render, useInput, useWindowSize, type Instance } from 'ink';
import type { Style } from '../report/style.ts';
import { keysOf } from './keypress.ts';
import { layout } from './layout.ts';
import { createPainter, type Painter } from './painter.ts';
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
const OTHER_SCREEN = '\x1b[?1049h\x1b[?25l';
/** After the last of a storm of resizes. */
const SETTLED_MS = 60;

/**
 * Draws the store's state on the alternate screen until it is closed. All that is known of React
 * and Ink is in here: they keep the terminal, its size and its keys; what to draw comes from
 * `layout`, already cut to lines, and goes to the terminal by `createPainter`, since Ink would
 * measure and take apart every line once more for each frame.
 */
export function openScreen(options: ScreenOptions): Screen {
  const { input, output } = options;
  let instance: Instance | undefined;
  let settling: NodeJS.Timeout | undefined;
  const crash = (error: unknown): void => {
    // Not from within React's own work, nor before this function has answered.
    setTimeout(() => {
      close();
      options.onCrash(error);
    }, 0);
  };
  const painter = createPainter((text) => output.write(text));
  const tree = (): ReactNode =>
    createElement(Guard, {
      onCrash: crash,
      children: createElement(Frame, { ...options, painter }),
    });

  function close(): void {
    const closing = instance;
    instance = undefined;
    clearTimeout(settling);
    output.off('resize', onResize);
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
  }

  /** All of it anew, whatever the terminal holds by now. */
  function drawAll(): void {
    painter.forget();
    instance?.rerender(tree());
  }

  // A terminal whose size changes moves and drops lines in ways of its own, some of them late.
  function onResize(): void {
    painter.forget();
    clearTimeout(settling);
    settling = setTimeout(drawAll, SETTLED_MS);
  }

  output.write(WRAP_OFF);
  // Before Ink, which erases a line or two where the cursor stands and draws anew.
  output.on('resize', onResize);
  try {
    instance = render(tree(), {
      ...{ stdin: input, stdout: output, stderr: output },
      ...{ interactive: true, alternateScreen: true },
      ...{ exitOnCtrlC: false, patchConsole: false, isScreenReaderEnabled: false },
    });
  } catch (error) {
    output.off('resize', onResize);
    output.write(`${MAIN_SCREEN}${WRAP_ON}`);
    throw error;
  }
  return {
    close,
    redraw() {
      if (instance === undefined) return;
      // Twice: a terminal that for Node is in raw mode already is left as it is.
      input.setRawMode(false);
      input.setRawMode(true);
      output.write(`${OTHER_SCREEN}${WRAP_OFF}`);
      drawAll();
    },
  };
}

interface FrameProps extends ScreenOptions {
  readonly painter: Painter;
}

function Frame({ store, style, ascii, painter }: FrameProps): ReactNode {
  const state = useSyncExternalStore(store.subscribe, store.state);
  const { columns, rows } = useWindowSize();
  useInput((input, key) => {
    for (const name of keysOf(input, key)) store.key(name);
  });
  useEffect(() => {
    store.update((before) => ({ ...before, size: { columns, rows } }));
  }, [store, columns, rows]);
  const lines = layout({ ...state, size: { columns, rows } }, style, ascii);
  useLayoutEffect(() => painter.paint(lines));
  return null;
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
