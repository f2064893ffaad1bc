import type { Trace } from '../../model/trace.ts';

/** Watches which files commands read and write. */
export interface Tracer {
  /** @param root of the project, absolute */
  watch(root: string): Watch;
}

/** One list of commands under observation. */
export interface Watch {
  /** A command of the list, as it has to be started to be watched; `env` comes on top of its own. */
  command(
    cmd: string,
    about: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  ): { readonly argv: readonly [string, ...string[]]; readonly env: NodeJS.ProcessEnv };
  /** The command's own process has ended: whoever it left running is watched no longer. */
  letGo(): Promise<void>;
  /** What was seen of all commands. Nothing is left on disk. */
  end(): Promise<Trace>;
}

export interface TracerOptions {
  /** The environment that commands get. */
  readonly env: NodeJS.ProcessEnv;
  /** `process.kill`. */
  readonly kill: (pid: number, signal: NodeJS.Signals | 0) => boolean;
  /** What is noted while commands run; nobody else uses it. */
  readonly folder: string;
}
