import { PANES, type Mode, type Pane, type TuiState } from './state.ts';

/** A key as it is named here: a character, or `up`, `enter`, `ctrl-c`, … */
export type Key = string;

/** What keys mean; reduce-action.ts says what each does. */
export type Command =
  | { readonly do: 'move'; readonly by: number }
  | { readonly do: 'page'; readonly by: number }
  | { readonly do: 'edge'; readonly to: 'top' | 'bottom' }
  | { readonly do: 'pane'; readonly pane: Pane }
  | {
      readonly do:
        | 'focus'
        | 'zoom'
        | 'filter'
        | 'follow'
        | 'wrap'
        | 'next-error'
        | 'copy'
        | 'help'
        | 'back'
        | 'run'
        | 'run-all'
        | 'force'
        | 'stop'
        | 'stop-run'
        | 'push'
        | 'pull'
        | 'judge'
        | 'interrupt'
        | 'quit';
    };

interface Binding {
  readonly keys: readonly Key[];
  /** As help names them. */
  readonly shown: string;
  readonly help: string;
  /** For the footer: a word or two. */
  readonly short: string;
  readonly command: Command;
  /** Only where stages can be started: `avian tui`. */
  readonly session?: true;
}

const bind = (
  shown: string,
  command: Command,
  short: string,
  help: string,
  keys: readonly Key[] = shown.split(' '),
): Binding => ({ keys, shown, help, short, command });

/** In the order in which help lists them. */
const BINDINGS: readonly Binding[] = [
  bind('j k', { do: 'move', by: 1 }, 'move', 'one down, one up; arrows too', ['j', 'down']),
  bind('', { do: 'move', by: -1 }, '', '', ['k', 'up']),
  bind('g G', { do: 'edge', to: 'top' }, 'ends', 'to the top, to the end', ['g', 'home']),
  bind('', { do: 'edge', to: 'bottom' }, '', '', ['G', 'end']),
  bind('u d', { do: 'page', by: -1 }, 'page', 'half a page up, down; PgUp and PgDn too', [
    'u',
    'pageup',
    'ctrl-u',
  ]),
  bind('', { do: 'page', by: 1 }, '', '', ['d', 'pagedown', 'ctrl-d', ' ']),
  bind('Tab', { do: 'focus' }, 'pane', 'keys go to the list, or to the pane below it', [
    'tab',
    'enter',
  ]),
  bind('1 2 3 4', { do: 'pane', pane: 'log' }, 'panes', `the pane: ${PANES.join(', ')}`, ['1']),
  ...PANES.slice(1).map((pane, at) => bind('', { do: 'pane', pane }, '', '', [String(at + 2)])),
  bind('z', { do: 'zoom' }, 'zoom', 'the pane takes the whole screen, and back'),
  bind('/', { do: 'filter' }, 'filter', 'list only some stages: words of names or states'),
  bind('f', { do: 'follow' }, 'follow', 'the pane keeps showing its end'),
  bind('w', { do: 'wrap' }, 'wrap', 'long lines are wrapped, or cut'),
  bind(
    'e',
    { do: 'next-error' },
    'error',
    'to the next failed stage; in the log to the next error',
  ),
  bind('c', { do: 'copy' }, 'copy', 'copy what the pane shows, whole lines, to the clipboard'),
  ...[
    bind('r', { do: 'run' }, 'run', 'bring the stage up to date, and what it needs'),
    bind('R', { do: 'run-all' }, 'run all', 'bring everything up to date'),
    bind('F', { do: 'force' }, 'force', 'run the stage again although nothing changed; asks'),
    bind('s', { do: 'judge' }, 'status', 'look again what is up to date'),
    bind('P', { do: 'push' }, 'push', 'send what pipeline.lock names to the remote; asks'),
    bind('p', { do: 'pull' }, 'pull', 'bring it from the remote; asks'),
  ].map((binding): Binding => ({ ...binding, session: true })),
  bind('x', { do: 'stop' }, 'stop', 'stop the stage, and call off what needs it; asks'),
  bind('X', { do: 'stop-run' }, 'stop all', 'end the run and all that it runs; asks'),
  bind('Esc', { do: 'back' }, 'back', 'back: out of help, zoom, the pane, the filter', ['escape']),
  bind('?', { do: 'help' }, 'help', 'this list'),
  bind('q', { do: 'quit' }, 'quit', 'leave the screen; a run goes on, in plain lines'),
  bind('Ctrl-C', { do: 'interrupt' }, 'stop', 'end the run and avian, as without the screen', [
    'ctrl-c',
  ]),
];

export function commandFor(key: Key, { purpose }: Pick<TuiState, 'purpose'>): Command | undefined {
  const binding = BINDINGS.find(({ keys }) => keys.includes(key));
  return binding?.session === true && purpose !== 'session' ? undefined : binding?.command;
}

/** Lines of help: keys, and what they do. */
export const helpRows = ({
  purpose,
}: Pick<TuiState, 'purpose'>): readonly { readonly keys: string; readonly help: string }[] =>
  BINDINGS.filter(({ shown, session }) => shown !== '' && (!session || purpose === 'session')).map(
    ({ shown, help }) => ({ keys: shown, help }),
  );

/** The five keys of the footer: what most people want next, with help and quit always last. */
export function footerKeys(
  state: Pick<TuiState, 'purpose' | 'focus' | 'activity' | 'pane'>,
  mode: Mode,
): readonly (readonly [key: string, word: string])[] {
  if (mode.kind === 'filter')
    return [
      ['Enter', 'keep'],
      ['Esc', 'forget'],
    ];
  if (mode.kind === 'confirm')
    return [
      ['y', 'yes'],
      ['n', 'no'],
    ];
  if (mode.kind === 'help')
    return [
      ['j k', 'scroll'],
      ['Esc', 'back'],
    ];
  if (state.focus === 'pane') {
    const third = state.pane === 'log' ? (['f', 'follow'] as const) : (['z', 'zoom'] as const);
    return [['j k', 'scroll'], third, ['c', 'copy'], ['?', 'help'], ['q', 'quit']];
  }
  const starts = state.purpose === 'session' && state.activity.kind === 'idle';
  const third = starts ? (['r', 'run'] as const) : (['x', 'stop'] as const);
  return [['j k', 'move'], ['/', 'filter'], third, ['?', 'help'], ['q', 'quit']];
}
