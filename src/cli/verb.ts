import type { ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';

/** Runs a verb with the words after its name. */
export type Verb = (words: readonly string[], io: Io) => Promise<ExitStatus>;

export interface VerbEntry {
  readonly summary: string;
  /** Usage and options, as `avian <verb> --help` prints them. */
  readonly help: string;
  /** Loaded when used, so that `--help` and a no-op load nothing they do not need. */
  readonly load: () => Promise<{ readonly run: Verb }>;
}

export interface Verbs {
  readonly [name: string]: VerbEntry;
}

/** What the words of a command mean that takes targets and overrides; part of its help. */
export const OVERRIDES = `
A word with \`=\` overrides the configuration, as in Hydra: train.lr=3e-4 experiment=exp1
+new.key=1 ~old.key. Any other word is a target: a stage, all stages of a group (\`train\` for
train@a, train@b), or a path that a stage writes.`;
