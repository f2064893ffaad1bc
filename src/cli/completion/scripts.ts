import { readFileSync } from 'node:fs';

/**
 * What each shell loads. All that a script does is ask `avian completion --words` and show the
 * answer. The files lie beside this source, and beside the bundle.
 */
const SCRIPTS = {
  bash: new URL('./avian.bash', import.meta.url),
  zsh: new URL('./avian.zsh', import.meta.url),
  fish: new URL('./avian.fish', import.meta.url),
};

export type Shell = keyof typeof SCRIPTS;

export const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];

export const scriptFor = (shell: Shell): string => readFileSync(SCRIPTS[shell], 'utf8');
