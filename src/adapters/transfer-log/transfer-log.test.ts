import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { transferLogContract, transferOf } from '../../testing/contracts/transfer-log.contract.ts';
import { FakeTransferLog } from '../../testing/fake-transfer-log.ts';
import { openTransferLog } from './transfer-log.ts';

transferLogContract(t, (t) => openTransferLog(join(t.testdir({}), 'cache/v1/transfers.jsonl')));
t.test('the one in memory', (t) => {
  transferLogContract(t, () => new FakeTransferLog());
  t.end();
});

t.test('a line that was cut short, or is none of ours, costs itself alone', async (t) => {
  const path = join(t.testdir({}), 'transfers.jsonl');
  const log = openTransferLog(path);
  await log.append(transferOf('avian push'));
  appendFileSync(path, '\n{"at":"2026-11-25T10:00:00.000Z","comm');
  await log.append(transferOf('avian pull'));
  appendFileSync(path, '\n[]\n{"requests":{}}\n');
  t.same(
    (await log.all()).map(({ command }) => command),
    ['avian push', 'avian pull'],
  );
});
