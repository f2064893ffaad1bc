import Database from 'better-sqlite3';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { StageName } from '../../model/names.ts';
import {
  deployment,
  digestOf,
  failed,
  runLogContract,
  runRecord,
} from '../../testing/contracts/run-log.contract.ts';
import { hashText as hash } from '../hash/blake3.ts';
import { openRunLog } from './run-log.ts';
import { MIGRATIONS, versionOf } from './schema.ts';

/*
 * fixtures/lineage-v<N>.sql is what an avian of that version left after two runs and a deployment;
 * scripts/dump-database.ts makes one. They are never changed.
 */

const FIXTURES = join(import.meta.dirname, 'fixtures');
const versions = readdirSync(FIXTURES).flatMap((name) => {
  const version = /^lineage-v(\d+)\.sql$/.exec(name)?.[1];
  return version === undefined ? [] : [Number(version)];
});

/** A cache whose index is that of an earlier avian. */
function cacheOf(t: Test, version: number) {
  const cache = join(t.testdir({}), 'v1');
  mkdirSync(cache);
  const file = join(cache, 'lineage.sqlite');
  const database = new Database(file);
  database.exec(readFileSync(join(FIXTURES, `lineage-v${version}.sql`), 'utf8'));
  database.close();
  const reports: Diagnostic[] = [];
  const log = openRunLog({ cache, hash, report: (diagnostic) => reports.push(diagnostic) });
  t.teardown(() => log.close());
  return { file, log, reports };
}

t.test('there is a fixture for every version', async (t) => {
  t.same(
    versions.sort((a, b) => a - b),
    MIGRATIONS.map((_, index) => index + 1),
    'node scripts/dump-database.ts cache/v1/lineage.sqlite writes the newest',
  );
});

for (const version of versions) {
  t.test(`an index of version ${version} answers as one of today`, async (t) => {
    const { file, log, reports } = cacheOf(t, version);
    const ids = (await log.history('train' as StageName, 9)).map(({ attempt }) => attempt);
    t.same(ids, [failed('train', 2).attempt, runRecord('train', 1).attempt]);
    t.same(await log.deployments(), [deployment('birds', 1, 3)]);
    t.equal((await log.producersOf(digestOf('train 1'))).length, 1);
    t.equal((await log.traces()).length, 1);
    const added = await log.record(runRecord('train', 5));
    t.same(await log.latest('train' as StageName), added);
    await log.close();
    const database = new Database(file, { readonly: true });
    t.equal(versionOf(database), MIGRATIONS.length);
    database.close();
    t.same(reports, [], 'nothing was set aside or made anew');
  });

  t.test(`an index that began as version ${version} keeps the contract`, (t) => {
    runLogContract(t, (t) => {
      const { file, log } = cacheOf(t, version);
      const database = new Database(file);
      for (const table of ['runs', 'inputs', 'outputs', 'params', 'metrics', 'artifacts'].concat(
        'deployments',
      )) {
        database.exec(`DELETE FROM ${table}`);
      }
      database.close();
      return log;
    });
    t.end();
  });
}
