import type { Call } from './strace-lines.ts';

/** One process or thread made another. */
export interface Birth {
  readonly parent: number;
  readonly child: number;
  /** Threads share one working directory: whoever changes it changes it for all. */
  readonly sharesDirectory: boolean;
}

/** @param call a fork or clone that returned, in `parent` */
export const birthOf = (parent: number, { args, result }: Call): Birth => ({
  parent,
  child: Number.parseInt(result, 10),
  sharesDirectory: args.some((arg) => /\bCLONE_FS\b/.test(arg)),
});

/** The working directories of a tree of processes, while its calls are played. */
export class Processes {
  readonly #births = new Map<number, Birth[]>();
  readonly #living = new Map<number, { cwd: string }>();
  readonly #cwd: string;

  /** @param births in the order in which they happened: a number may be used again */
  constructor(births: readonly Birth[], cwd: string) {
    this.#cwd = cwd;
    for (const birth of births) {
      const known = this.#births.get(birth.child);
      if (known === undefined) this.#births.set(birth.child, [birth]);
      else known.push(birth);
    }
  }

  get(pid: number): { cwd: string } {
    const living = this.#living.get(pid);
    if (living !== undefined) return living;
    const birth = this.#births.get(pid)?.shift();
    const parent = birth === undefined ? { cwd: this.#cwd } : this.get(birth.parent);
    const process = birth?.sharesDirectory === true ? parent : { ...parent };
    this.#living.set(pid, process);
    return process;
  }

  /** The call that made the process has returned: before its parent goes elsewhere. */
  born(pid: number): void {
    // It may have lived and died before its parent heard of it.
    if ((this.#births.get(pid)?.length ?? 0) > 0) this.get(pid);
  }

  end(pid: number): void {
    this.#living.delete(pid);
  }
}
