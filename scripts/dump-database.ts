import Database from 'better-sqlite3';

/*
 * Writes an SQLite database as SQL that makes it again, for a fixture of what an avian of today
 * writes: `node scripts/dump-database.ts cache/v1/lineage.sqlite > fixtures/lineage-v2.sql`.
 */

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node scripts/dump-database.ts DATABASE');
const db = new Database(file, { readonly: true });
const lines = [
  'BEGIN;',
  `PRAGMA user_version = ${Number(db.pragma('user_version', { simple: true }))};`,
];
const things = db
  .prepare<[], { type: string; name: string; sql: string }>(
    "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
  )
  .all();
for (const { type, name, sql } of things) {
  lines.push(`${sql};`);
  if (type !== 'table') continue;
  for (const row of db.prepare<[], unknown[]>(`SELECT * FROM "${name}"`).raw().all()) {
    lines.push(`INSERT INTO "${name}" VALUES (${row.map(literal).join(', ')});`);
  }
}
process.stdout.write(`${[...lines, 'COMMIT;'].join('\n')}\n`);

function literal(value: unknown): string {
  if (value === null) return 'NULL';
  if (Buffer.isBuffer(value)) return `x'${value.toString('hex')}'`;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'string') throw new Error(`bug: SQLite gave a ${typeof value}`);
  // A statement would end at a NUL.
  if (value.includes('\0')) return `CAST(x'${Buffer.from(value).toString('hex')}' AS TEXT)`;
  return `'${value.replaceAll("'", "''")}'`;
}
