import type { Key as InkKey } from 'ink';
import type { Key } from './keys.ts';

const NAMED = {
  upArrow: 'up',
  downArrow: 'down',
  leftArrow: 'left',
  rightArrow: 'right',
  pageUp: 'pageup',
  pageDown: 'pagedown',
  home: 'home',
  end: 'end',
  return: 'enter',
  escape: 'escape',
  tab: 'tab',
  // Terminals send the one for the other, and nobody deletes to the right in here.
  backspace: 'backspace',
  delete: 'backspace',
} as const satisfies { readonly [key in keyof InkKey]?: Key };

/** The keys in one piece of input: several when someone types faster than it is read, or pastes. */
export function keysOf(input: string, key: Readonly<InkKey>): readonly Key[] {
  if (key.eventType === 'release') return [];
  for (const name of Object.keys(NAMED) as (keyof typeof NAMED)[]) {
    if (key[name]) return [NAMED[name]];
  }
  if (key.ctrl) return [`ctrl-${input}`];
  // Alt with a key is no binding of ours, and a pasted control character is no key.
  return key.meta ? [] : Array.from(input).flatMap(plainKey);
}

const plainKey = (char: string): readonly Key[] => {
  if (char === '\r' || char === '\n') return ['enter'];
  if (char === '\t') return ['tab'];
  if (char === '\x03') return ['ctrl-c'];
  return /[\x00-\x1f\x7f-\x9f]/.test(char) ? [] : [char];
};
