import type { Transfer } from '../model/transfer.ts';

/** What every command that talked to a remote asked of it. */
export interface TransferLog {
  append(transfer: Transfer): Promise<void>;
  /** Oldest first. */
  all(): Promise<readonly Transfer[]>;
}
