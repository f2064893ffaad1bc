import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { canonicalJson } from '../../model/json.ts';
import type { StageName } from '../../model/names.ts';
import { HOSTILE_JSON, mutateText } from '../../testing/mutations.ts';
import { randomFrom, seedOf } from '../../testing/random.ts';
import { runRecord } from '../../testing/contracts/run-log.contract.ts';
import { hashText as hash } from '../hash/blake3.ts';
import { parseRunRecord } from './record-codec.ts';
import { openRunLog } from './run-log.ts';

// Records may come from a bucket that others write to: whatever they hold, the rest of the lineage stands.

const good = runRecord('train', 1, { config: { lr: 0.1 } });
const text = canonicalJson(good);

t.test('200 damaged records: refused with a reason, or a record', (t) => {
  const seed = seedOf(process.env);
  t.comment(`SEED=${seed}`);
  let refused = 0;
  for (let n = 0; n < 200; n++) {
    const damaged = mutateText(text, randomFrom(seed + n));
    const parsed = parseRunRecord(damaged);
    if (parsed.ok) continue;
    refused += 1;
    if (!/^(it|`.+`) (is|was) /s.test(parsed.error) || /undefined|\[object/.test(parsed.error)) {
      t.fail(parsed.error, { seed: seed + n, damaged });
    }
  }
  t.comment(`${refused} of 200 refused`);
  t.ok(refused > 50);
  t.end();
});

t.test('hostile records under their true names are left out, and named', async (t) => {
  const cache = join(t.testdir({}), 'v1');
  const reports: Diagnostic[] = [];
  const plant = (record: string): void => {
    const id = hash(record);
    mkdirSync(join(cache, 'runs', id.slice(0, 2)), { recursive: true });
    writeFileSync(join(cache, 'runs', id.slice(0, 2), `${id}.json`), record);
  };
  plant(text);
  const seed = seedOf(process.env);
  for (let n = 0; n < 40; n++) plant(mutateText(text, randomFrom(seed + n)));
  for (const [, make] of HOSTILE_JSON) {
    const hostile = make();
    plant(hostile);
    plant(text.replace('"config":{', `"config":{"x":${hostile},`));
    plant(text.replace('"params":{', `"params":{"x":${hostile},`));
    plant(text.replace('"metrics":{', `"metrics":{"m.json":{"x":${hostile}},`));
  }
  const log = openRunLog({ cache, hash, report: (diagnostic) => reports.push(diagnostic) });
  t.teardown(() => log.close());
  const runs = await log.history('train' as StageName, 1000);
  t.ok(runs.some(({ id }) => id === hash(text)));
  t.ok(reports.length > 10);
  t.same([...new Set(reports.map(({ code }) => code))], ['lineage/record-skipped']);
  t.ok(reports.every(({ message }) => message.length < 2000));
});
