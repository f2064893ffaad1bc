import type { Test } from 'tap';
import type { Transfer } from '../../model/transfer.ts';
import type { TransferLog } from '../../ports/transfer-log.ts';

export const transferOf = (command: string, changes: Partial<Transfer> = {}): Transfer => ({
  ...{ at: '2026-11-25T10:00:00.000Z', command, remote: 'lab', url: 'gs://birds/team' },
  ...{ requests: { a: 5, b: 2, free: 0 }, sent: 1000, received: 20, durationMs: 321 },
  ...changes,
});

/** What every transfer log promises; `open` gives an empty one. */
export function transferLogContract(t: Test, open: (t: Test) => TransferLog): void {
  t.test('what was appended comes back in order', async (t) => {
    const log = open(t);
    t.same(await log.all(), []);
    const transfers = [transferOf('avian push'), transferOf('avian pull\nwith a line break')];
    for (const transfer of transfers) await log.append(transfer);
    t.same(await log.all(), transfers);
  });
}
