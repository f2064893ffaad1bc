import type { Random } from './random.ts';

const SNIPPETS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    "'",
    '\n',
    '\r\n',
    '\t',
    '\0',
    '\u2028',
    '\ufeff',
    '\ufffd',
  ],
  ...['null', 'true', '-1', '1e999', '0.5', '99999999999999999999', '""', '"__proto__": 1,', '🐦'],
  ...[
    '"constructor": {},',
    '<<<<<<< HEAD\n',
    '=======\n',
    '>>>>>>> theirs\n',
    '../',
    '\\u0000',
    '#',
  ],
];

/** A text with one to four things wrong with it, as editors, merges, disks and people leave them. */
export function mutateText(text: string, random: Random): string {
  let damaged = text;
  for (let times = 1 + random.below(4); times > 0; times--) damaged = mutateOnce(damaged, random);
  return damaged;
}

function mutateOnce(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const end = at + random.below(12);
  const lines = text.split('\n');
  const line = random.below(lines.length);
  switch (random.below(10)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + random.pick(SNIPPETS) + text.slice(at);
    case 2:
      return text.slice(0, at) + random.pick(SNIPPETS) + text.slice(end);
    case 3:
      return lines.toSpliced(line, 1).join('\n');
    case 4:
      return lines.toSpliced(random.below(lines.length), 0, lines[line] ?? '').join('\n');
    case 5:
      return text.slice(0, at);
    case 6:
      return text.replaceAll('\n', '\r\n');
    case 7:
      // What UTF-16 is when it is read as UTF-8.
      return Buffer.from(text, 'utf16le').toString('utf8');
    case 8: {
      const bytes = Buffer.from(text);
      if (bytes.length > 0) bytes.writeUInt8(random.below(256), random.below(bytes.length));
      return bytes.toString('utf8');
    }
    default:
      return `\ufeff${text}`;
  }
}

/** JSON that is made to hurt: each is one value. */
export const HOSTILE_JSON: readonly (readonly [what: string, make: () => string])[] = [
  ['a nest of 100,000 lists', () => `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['a nest of 100,000 objects', () => `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ['a nest that does not end', () => '['.repeat(1_000_000)],
  ['a text of 10 MB', () => `"${'robin '.repeat(1_700_000)}"`],
  ['a text of escapes', () => `"${'\\u0041'.repeat(200_000)}"`],
  ['a text of 10 MB that does not end', () => `"${'robin '.repeat(1_700_000)}`],
  ['a number of a million digits', () => '9'.repeat(1_000_000)],
  ['10 MB of spaces', () => ' '.repeat(10_000_000)],
  ['a megabyte of zeros', () => '\0'.repeat(1_000_000)],
  ['100,000 members of one name', () => `{${'"a":1,'.repeat(100_000)}"a":1}`],
  ['a prototype', () => '{"__proto__":{"version":1},"constructor":{"prototype":{}}}'],
];
