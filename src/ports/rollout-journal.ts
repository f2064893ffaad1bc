/** A change of a service that Cloud Run had taken and that was not seen to end. */
export interface PendingOperation {
  readonly operation: string;
  /** The service, `projects/p/locations/r/services/s`. */
  readonly resource: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** What has to outlive a command that changes a deployment: whose turn it is, and what is under way. */
export interface RolloutJournal {
  /** One command at a time per service on this machine; a second one waits and is told through `onWait`. */
  exclusively<T>(
    name: string,
    options: { readonly signal: AbortSignal; readonly onWait: () => void },
    work: () => Promise<T>,
  ): Promise<T>;
  pending(name: string): PendingOperation | undefined;
  /** On the disk when it returns: a kill right after it loses nothing. */
  keep(name: string, operation: PendingOperation): void;
  forget(name: string): void;
}
