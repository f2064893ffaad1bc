import { compare } from './groups/compare.ts';
import { data } from './groups/data.ts';
import { look } from './groups/look.ts';
import { run } from './groups/run.ts';
import { share } from './groups/share.ts';
import { ship } from './groups/ship.ts';
import { start } from './groups/start.ts';
import type { Verbs } from './verb.ts';

/** What somebody looks for, and the commands that do it. */
export const groups: { readonly [title: string]: Verbs } = {
  start: {
    ...start,
    completion: {
      summary: 'complete commands, options and stages in bash, zsh or fish',
      help: `usage: avian completion bash|zsh|fish

Prints a script for the shell:

  bash    in ~/.bashrc: eval "$(avian completion bash)"
  zsh     in ~/.zshrc, after compinit: eval "$(avian completion zsh)"
  fish    in ~/.config/fish/completions/avian.fish: avian completion fish | source`,
      load: async () => (await import('./verbs/completion.ts')).completionOf(verbs),
    },
  },
  run,
  look,
  compare,
  data,
  share,
  ship,
};

export const verbs: Verbs = Object.assign({}, ...Object.values(groups)) as Verbs;
