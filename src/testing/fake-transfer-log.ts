import type { Transfer } from '../model/transfer.ts';
import type { TransferLog } from '../ports/transfer-log.ts';

/** Transfers in memory. */
export class FakeTransferLog implements TransferLog {
  readonly transfers: Transfer[] = [];

  async append(transfer: Transfer): Promise<void> {
    this.transfers.push(transfer);
  }

  async all(): Promise<readonly Transfer[]> {
    return [...this.transfers];
  }
}
