/** The process as verbs see it: nothing below `cli` knows of `process`. */
export interface Io {
  /** Results: what could be piped. False when nobody reads them any more. */
  readonly stdout: (what: string | Uint8Array) => boolean;
  /** Talk: progress, diagnostics. */
  readonly stderr: (text: string) => void;
  readonly env: { readonly [name: string]: string | undefined };
  /** Absolute. */
  readonly cwd: string;
  /** The words as typed, after `avian`. */
  readonly argv: readonly string[];
  readonly colour: boolean;
  readonly stdoutIsTerminal: boolean;
  /** Whether people see stderr on a terminal of this many columns. */
  readonly columns: number | undefined;
  /** ASCII instead of box drawing and signs. */
  readonly ascii: boolean;
  /** Aborts on SIGINT, SIGTERM and SIGHUP, with an `Interrupted`. */
  readonly signal: AbortSignal;
  /** Aborts on a second SIGINT. */
  readonly hurry: AbortSignal;
  /** For what draws on the whole terminal; touches no stream before it is called. */
  readonly openTerminal: () => TerminalStreams;
}

/** stdin and stderr as Node has them, whatever is behind them, and the process that they belong to. */
export interface TerminalStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** As Ctrl-C does where the terminal is not in raw mode. */
  readonly interrupt: () => void;
  /** `ended`: the process is about to end, in whatever way; `continued`: it was stopped and goes on. */
  readonly on: (moment: 'ended' | 'continued', act: () => void) => () => void;
  /** Asks about each error that nobody caught; one that is `not mine` ends the process as it would have. */
  readonly onUncaught: (judge: (error: unknown) => 'dealt with' | 'not mine') => () => void;
}

/** Colour where people look: not into a pipe, not under NO_COLOR or TERM=dumb; FORCE_COLOR overrides. */
export function wantsColour(env: Io['env'], isTerminal: boolean): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return true;
  return isTerminal && env['TERM'] !== 'dumb';
}

/** Only a locale that names a charset other than UTF-8 asks for ASCII. */
export function wantsAscii(env: Io['env']): boolean {
  const locale = env['LC_ALL'] ?? env['LC_CTYPE'] ?? env['LANG'];
  return env['TERM'] === 'linux' || (locale?.includes('.') === true && !/utf-?8/i.test(locale));
}
