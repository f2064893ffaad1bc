import { execFileSync } from 'node:child_process';
import t from 'tap';
import type { Test } from 'tap';
import type { PipelineLock } from '../../model/lock.ts';
import { mergeLocks } from '../../model/merge-locks.ts';
import { locked, program, tree } from '../../testing/contracts/lock-store.contract.ts';
import { randomFrom, seedOf } from '../../testing/random.ts';
import { formatLock, parseLock } from './lock-text.ts';

const lock: PipelineLock = {
  version: 1,
  sources: { 'data/ä "quoted"': tree },
  stages: { train: locked('1', { 'b/c': program, a: tree }), 10: locked('2', {}) },
};

const text = formatLock(lock);

/** `code line:column the underlined text`, as few words as tell everything. */
function faults(wrong: string): string[] {
  const parsed = parseLock(wrong);
  if (parsed.ok) return [];
  return parsed.error.diagnostics.map(({ code, span, excerpt = '' }) => {
    if (span === undefined) return code;
    const { line, column, length } = span;
    return `${code} ${line}:${column} ${excerpt.slice(column - 1, column - 1 + length)}`;
  });
}

t.test('the text is JSON, sorted by code unit, a line per field', (t) => {
  t.equal(
    text,
    `{
  "version": 1,
  "sources": {
    "data/ä \\"quoted\\"": {
      "digest": "b3:${'a'.repeat(64)}",
      "size": 12,
      "files": 3
    }
  },
  "stages": {
    "10": {
      "fingerprint": "f1:${'2'.repeat(64)}",
      "outs": {}
    },
    "train": {
      "fingerprint": "f1:${'1'.repeat(64)}",
      "outs": {
        "a": {
          "digest": "b3:${'a'.repeat(64)}",
          "size": 12,
          "files": 3
        },
        "b/c": {
          "digest": "b3:${'b'.repeat(64)}",
          "size": 1,
          "executable": true
        }
      }
    }
  }
}
`,
  );
  t.strictSame(parseLock(text), { ok: true, value: lock });
  t.end();
});

t.test('another layout of the same lock is read too', (t) => {
  t.strictSame(parseLock(JSON.stringify(lock)), { ok: true, value: lock });
  t.strictSame(parseLock(text.replaceAll('\n', '\r\n')), { ok: true, value: lock });
  t.end();
});

t.test('what is not JSON is shown where it stops being so', (t) => {
  same(t, '', ['lock/syntax 1:1 ']);
  same(t, 'version: 1\n', ['lock/syntax 1:1 v']);
  same(t, '{\n  "version": 1,\n}', ['lock/syntax 3:1 }']);
  same(t, '{"version": 1', ['lock/syntax 1:14 ']);
  same(t, '{"version": 01}', ['lock/syntax 1:14 1']);
  same(t, '{"version": "a\nb"}', ['lock/syntax 1:13 "']);
  same(t, '{} {}', ['lock/syntax 1:4 {']);
  same(t, '{"a" 1}', ['lock/syntax 1:6 1']);
  same(t, '{"a": [1 2]}', ['lock/syntax 1:10 2']);
  same(t, '['.repeat(100), [`lock/syntax 1:66 [`]);
  t.end();
});

t.test('what branches changed apart stands below the entry, and comes back', (t) => {
  const contested: PipelineLock = {
    version: 1,
    sources: { raw: { ...tree, conflict: [program] } },
    stages: {
      train: { ...locked('1', {}), conflict: [locked('2', { a: tree }), locked('3', {})] },
    },
  };
  const written = formatLock(contested);
  t.strictSame(parseLock(written), { ok: true, value: contested });
  t.strictSame(JSON.parse(written), contested);
  t.match(
    written,
    `    "raw": {
      "digest": "b3:${'a'.repeat(64)}",
      "size": 12,
      "files": 3,
      "conflict": [
        {
          "digest": "b3:${'b'.repeat(64)}",
          "size": 1,
          "executable": true
        }
      ]
    }
`,
  );
  same(t, written.replace('"size": 1,', '"size": -1,'), ['lock/invalid 8:19 [']);
  const empty = text.replace('"outs": {}', '"outs": {}, "conflict": []');
  same(t, empty, ['lock/invalid 13:31 []']);
  t.end();
});

t.test("git's conflict markers are called what they are", (t) => {
  const conflict = text.replace(
    /( +"size": 12,\n)/,
    '<<<<<<< HEAD\n$1=======\n      "size": 13,\n>>>>>>> theirs\n',
  );
  same(t, conflict, ['lock/conflict 6:1 <<<<<<< HEAD']);
  same(t, conflict.replaceAll('\n', '\r\n'), ['lock/conflict 6:1 <<<<<<< HEAD']);
  const parsed = parseLock(conflict);
  t.match(parsed, {
    ok: false,
    error: { kind: 'pipeline', diagnostics: [{ hint: /avian merge-lock/ }] },
  });
  t.end();
});

t.test('a newer lock is refused in words, without a look at the rest', (t) => {
  same(t, '{"version": 2, "birds": []}', ['lock/newer 1:13 2']);
  t.end();
});

t.test('every fault is reported, with its place', (t) => {
  same(t, '[]', ['lock/invalid 1:1 []']);
  same(t, '{"version":"1"}', [
    'lock/invalid 1:1 {"version":"1"}',
    'lock/invalid 1:1 {"version":"1"}',
    'lock/invalid 1:12 "1"',
  ]);
  const wrong = text
    .replace('b3:a', 'b3:A')
    .replace('"size": 1,', '"size": -1,\n          "sise": 1,')
    .replace('"executable": true', '"executable": false')
    .replace('"files": 3', '"files": 0.5')
    .replace('"b/c"', '"../b"')
    .replace('"10"', '"-x"')
    .replace('f1:1', '1')
    .replace('"outs": {}', '"outs": []');
  same(t, wrong, [
    `lock/invalid 5:17 "b3:A${'a'.repeat(63)}"`,
    'lock/invalid 7:16 0.5',
    'lock/invalid 11:5 "-x"',
    'lock/invalid 13:15 []',
    `lock/invalid 16:22 "1${'1'.repeat(63)}"`,
    'lock/invalid 23:9 "../b"',
    'lock/invalid 25:19 -1',
    'lock/unknown-field 26:11 "sise"',
    'lock/invalid 27:25 false',
  ]);
  t.end();
});

t.test('a field that is missing is shown at what should hold it', (t) => {
  same(t, text.replace(/"fingerprint": "f1:2+",\s*/, ''), ['lock/invalid 11:5 "10"']);
  t.end();
});

t.test('a stage that is here twice, as after a careless merge, is refused', (t) => {
  const twice = text.replace('"train"', '"10"');
  same(t, twice, ['lock/duplicate 15:5 "10"']);
  const parsed = parseLock(twice);
  t.match(parsed, { error: { diagnostics: [{ also: [{ span: { line: 11 } }] }] } });
  t.end();
});

t.test('of a thousand faults twenty are shown', (t) => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`s${index}`, 1]));
  t.equal(faults(JSON.stringify({ version: 1, sources: many, stages: {} })).length, 20);
  t.end();
});

t.test('any lock comes back as it was written, in any order of its members', (t) => {
  const seed = seedOf(process.env);
  t.comment(`SEED=${seed}`);
  const { below: random } = randomFrom(seed);
  for (let round = 0; round < 200; round++) {
    const names = Array.from({ length: random(6) }, () => randomName(random));
    const sources = Object.fromEntries(names.map((name) => [`d/${name}`, tree]));
    const stages = Object.fromEntries(
      names.map((name) => [name.replace(/[^A-Za-z0-9_]/g, '_') || 'x', locked('c', sources)]),
    );
    const made: PipelineLock = { version: 1, sources, stages };
    const written = formatLock(made);
    const back = parseLock(written);
    const backwards = Object.fromEntries(Object.entries(sources).reverse());
    if (!back.ok || formatLock(back.value) !== written) t.fail(written);
    if (formatLock({ ...made, sources: backwards }) !== written) t.fail(written);
    if (!parseLock(JSON.stringify(made)).ok) t.fail(JSON.stringify(made));
  }
  t.end();
});

function randomName(random: (bound: number) => number): string {
  const letters = ['a', 'Z', '0', '9', '_', 'ä', '🐦', '"', ' '];
  return Array.from({ length: 1 + random(4) }, () => letters[random(letters.length)]).join('');
}

t.test('a source says where it came from, in a conflict too', (t) => {
  const from = { url: 'https://a.example/x', etag: 'W/"1"', modified: 'today', size: 1 };
  const source = { ...program, from };
  const other = { ...tree, from: { url: 'file:///x', size: 3 } };
  const made: PipelineLock = {
    ...{ version: 1, stages: {} },
    sources: { raw: { ...source, conflict: [other, program] }, plain: tree },
  };
  const written = formatLock(made);
  t.match(written, '"from": {\n        "url": "https://a.example/x",\n');
  t.strictSame(parseLock(written), { ok: true, value: made });
  t.match(faults(written.replace('"size": 3', '"size": -3')), [/^lock\/invalid /]);
  t.end();
});

t.test('names that JavaScript treats specially are names', (t) => {
  const special = text.replace('"train"', '"__proto__"');
  t.equal(parseLock(special).ok, true);
  const parsed = parseLock(special);
  t.equal(parsed.ok && formatLock(parsed.value).includes('"__proto__": {'), true);
  t.end();
});

function same(t: Test, wrong: string, expected: string[]): void {
  t.strictSame(faults(wrong), expected);
}

t.test('git, without the driver, merges changes of different stages as text', (t) => {
  const stages = Object.fromEntries(
    ['a', 'b', 'c', 'd'].map((name) => [name, locked('1', { [`out/${name}`]: tree })]),
  );
  const base: PipelineLock = { version: 1, sources: {}, stages };
  const changed = (name: string): PipelineLock => ({
    ...base,
    stages: { ...stages, [name]: locked('2', { [`out/${name}`]: { ...program, size: 7 } }) },
  });
  const added: PipelineLock = { ...base, stages: { ...stages, e: locked('3', { e: program }) } };
  for (const [ours, theirs] of [
    [changed('a'), changed('b')],
    [changed('b'), changed('d')],
    [changed('d'), added],
    [changed('c'), added],
  ] as const) {
    const folder = t.testdir({
      ours: formatLock(ours),
      base: formatLock(base),
      theirs: formatLock(theirs),
    });
    const words = ['merge-file', '-p', 'ours', 'base', 'theirs'];
    const merged = execFileSync('git', words, { cwd: folder, encoding: 'utf8' });
    t.equal(merged, formatLock(mergeLocks(base, ours, theirs).lock));
  }
  t.end();
});
