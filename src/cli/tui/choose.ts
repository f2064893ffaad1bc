import type { Io } from '../io.ts';

export type TuiChoice =
  | { readonly kind: 'screen' }
  /** For screen readers: what changes, in lines, and nothing that is drawn again. */
  | { readonly kind: 'announced' }
  /** `why` is told once. */
  | { readonly kind: 'plain'; readonly why: string };

/**
 * Whether the terminal can have a screen of its own. Called where one was asked for, by `avian tui`, by
 * `--tui` or by AVIAN_TUI=1.
 */
export function chooseTui({ env, openTerminal }: Pick<Io, 'env' | 'openTerminal'>): TuiChoice {
  const plain = (why: string): TuiChoice => ({ kind: 'plain', why });
  if (env['AVIAN_TUI'] === '0') return plain('AVIAN_TUI=0');
  if (env['INK_SCREEN_READER'] === 'true') return { kind: 'announced' };
  if (isSet(env['CI'])) return plain('CI is set');
  if (env['TERM'] === 'dumb') return plain('TERM=dumb');
  const { input, output } = openTerminal();
  if (!output.isTTY) return plain('stderr is no terminal');
  if (!input.isTTY) return plain('stdin is no terminal');
  return { kind: 'screen' };
}

/** By `CI=false` people say that it is none. */
const isSet = (value: string | undefined): boolean =>
  value !== undefined && value !== '' && value !== '0' && value !== 'false';
