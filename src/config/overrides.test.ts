import t from 'tap';
import * as yaml from 'yaml';
import type { JsonValue } from '../model/json.ts';
import { isOverride, parseOverride } from './overrides.ts';

void t.test('which words are overrides', (t) => {
  for (const word of ['a=1', '+a.b=1', '~a', '~a=1', '++a=x=y', 'data=', '=']) {
    t.equal(isOverride(word), true, word);
  }
  for (const word of ['train', 'artifacts/model', '+a', 'a~b', '']) {
    t.equal(isOverride(word), false, word);
  }
  t.end();
});

void t.test('values are what one types them for', (t) => {
  const values: readonly [string, JsonValue][] = [
    ['3e-4', 3e-4],
    ['-1', -1],
    ['0x10', 16],
    ['true', true],
    ['null', null],
    ['~', null],
    ['', ''],
    ['1.10.0', '1.10.0'],
    ['"1"', '1'],
    ["'it''s'", "it's"],
    ['[1, a, null]', [1, 'a', null]],
    ['{a: 1, b: {c: 2}}', { a: 1, b: { c: 2 } }],
    ['some words', 'some words'],
    ['../photos/species-10', '../photos/species-10'],
    ['http://127.0.0.1:80/x?y=1', 'http://127.0.0.1:80/x?y=1'],
    ['#ff0000', '#ff0000'],
    ['a #1', 'a #1'],
    ['*.jpg', '*.jpg'],
    ['a: b', 'a: b'],
    ['- x', '- x'],
    ['!x', '!x'],
    ['%d', '%d'],
    ['@x', '@x'],
    ['|', '|'],
    ['two\nlines', 'two\nlines'],
  ];
  for (const [text, value] of values) {
    const override = parseOverride(yaml, `key=${text}`);
    t.same(override.ok && override.value.value, value, text);
  }
  t.end();
});

void t.test('a value that opens a bracket or quote has to close it', (t) => {
  for (const text of ['[1, 2', '{a', '"x', "'x", '[1] 2', '{a: .nan}']) {
    const override = parseOverride(yaml, `key=${text}`);
    t.match(override, { ok: false, error: { code: 'override/bad-value' } }, text);
  }
  t.end();
});

void t.test('keys', (t) => {
  const parsed = parseOverride(yaml, '++a.b_c.0-d=x');
  t.match(parsed, { ok: true, value: { op: 'force', key: 'a.b_c.0-d', text: 'x' } });
  t.match(parseOverride(yaml, '~server/ssl'), { ok: true, value: { op: 'delete' } });
  for (const word of ['a b=1', '.a=1', 'a.=1', '+=1', '+++a=1', '~~a', '+a']) {
    t.match(parseOverride(yaml, word), { ok: false, error: { code: 'override/bad-syntax' } }, word);
  }
  t.end();
});
