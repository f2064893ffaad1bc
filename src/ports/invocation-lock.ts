/** Who holds the project: for the message only, the lock itself dies with its process. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** The command line as a person typed it, such as `avian repro train`. */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** One writer at a time per project. A second one waits; it never fails for that. */
export interface InvocationLock {
  /**
   * Waits until the lock is free. `onWait` is called once, with the holder, when it has to wait.
   * @throws the signal's reason when it aborts while waiting.
   */
  acquire(options: {
    readonly command: string;
    readonly signal: AbortSignal;
    readonly onWait: (holder: LockHolder | undefined) => void;
  }): Promise<{ release(): Promise<void> }>;
}
