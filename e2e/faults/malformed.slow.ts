import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { HOSTILE_JSON, mutateText } from '../../src/testing/mutations.ts';
import { randomFrom, seedOf } from '../../src/testing/random.ts';
import { createFaultRig, settle } from './fault-rig.ts';
import { picture } from './project.ts';

/*
 * A sample of what the fast tests try on the parsers, through the bin: files of the project and of
 * the cache with something wrong. Words with a code and a status of the table, no stack, soon.
 */

const cases = Number(process.env['CASES'] ?? 100);
const SOON_MS = 60_000;
const TABLE = [0, 1, 2, 3, 5];

/** People's files may be refused; what avian keeps for itself may not stop it. */
const PROJECT = ['pipeline.yaml', 'params.yaml', 'pipeline.lock'];
const CACHE = ['project.json', 'lock.json', 'stat.sqlite', 'lineage.sqlite', 'lock.sqlite'];

t.setTimeout(0);
t.test(`${cases} damaged files`, { timeout: 0 }, async (t) => {
  const seed = seedOf(process.env);
  t.comment(`SEED=${seed}`);
  const rig = createFaultRig(t);
  await settle(rig);
  const clean = picture(join(rig.folder, 'settled'));
  const seen = new Map<string, number>();
  for (let index = 0; index < cases; index++) {
    const random = randomFrom(seed + index);
    const root = rig.copy('settled', 'case');
    const isOurs = random.chance(0.5);
    const path = isOurs ? pickInCache(root, random.below(1_000_000)) : random.pick(PROJECT);
    const file = join(root, path);
    const bytes = fs.readFileSync(file);
    const how = random.pick(['mutated', 'flipped', 'torn', 'zeros', 'hostile']);
    const damaged = {
      mutated: () => Buffer.from(mutateText(bytes.toString(), random)),
      flipped: () => {
        const copy = Buffer.from(bytes);
        const at = random.below(Math.max(1, copy.length));
        if (copy.length > 0)
          copy.writeUInt8((copy.readUInt8(at) + 1 + random.below(255)) % 256, at);
        return copy;
      },
      torn: () => bytes.subarray(0, random.below(bytes.length + 1)),
      zeros: () => Buffer.alloc(bytes.length),
      hostile: () => Buffer.from(random.pick(HOSTILE_JSON)[1]()),
    }[how as 'mutated']();
    fs.chmodSync(dirname(file), 0o755);
    fs.rmSync(file);
    fs.writeFileSync(file, damaged);
    const told = { seed: seed + index, path, how };
    for (const words of ['status', 'lineage model', 'repro']) {
      const ended = await rig.avian(root, words);
      const status = `${words} ${ended.code ?? ended.signal ?? ''}`;
      seen.set(status, (seen.get(status) ?? 0) + 1);
      // A damaged name of a project is looked for above; the lineage may not know a damaged one.
      const isRight = TABLE.includes(ended.code ?? NaN) || (words !== 'repro' && ended.code === 64);
      if (!isRight || /^\s+at .+:\d+/m.test(ended.stderr) || ended.ms > SOON_MS) {
        t.fail(`${path} ${how}: avian ${words}`, { ...told, ...ended });
      }
      if (ended.code !== 0 && ended.stderr === '' && ended.stdout === '') {
        t.fail(`${path} ${how}: avian ${words} says nothing`, told);
      }
    }
    if (!isOurs) continue;
    // A damaged object is met, set aside and named by the first repro, and made again by the next.
    const last = await rig.avian(root, 'repro');
    if (last.code !== 0) t.fail(`${path} ${how}: the second repro`, { ...told, ...last });
    const found = picture(root);
    if (found.join('\n') !== clean.join('\n')) {
      const more = found.filter((line) => !clean.includes(line));
      t.fail(`${path} ${how}: another result`, { ...told, more, ...last });
    }
  }
  t.comment(
    [...seen]
      .sort()
      .map(([what, count]) => `${count} ${what}`)
      .join(', '),
  );
  t.ok((seen.get('repro 2') ?? 0) > 0, 'some were refused');
});

/** A database, a remembered project, a record or an object. */
function pickInCache(root: string, chance: number): string {
  const cache = join(root, 'cache/v1');
  const below = (folder: string): string[] =>
    fs
      .readdirSync(join(cache, folder), { recursive: true, withFileTypes: true })
      .flatMap((entry) =>
        entry.isFile() ? [join(entry.parentPath, entry.name).slice(root.length + 1)] : [],
      );
  const known = CACHE.map((name) => `cache/v1/${name}`).filter((path) =>
    fs.existsSync(join(root, path)),
  );
  const kinds = [known, known, below('runs'), below('objects')];
  const kind = kinds[chance % kinds.length] ?? known;
  return kind[chance % kind.length] ?? 'cache/v1/project.json';
}
