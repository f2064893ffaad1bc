/** A system call that succeeded, as strace prints it: arguments still quoted. */
export interface Call {
  readonly name: string;
  readonly args: readonly string[];
  /** `3</project/raw.csv>`, `0`, a pid. */
  readonly result: string;
}

export type StraceEvent =
  | { readonly kind: 'call'; readonly pid: number; readonly call: Call }
  | { readonly kind: 'ended'; readonly pid: number };

/**
 * Reads the lines of `strace -f -q -y -o`. A call during which another process was heard is
 * printed in two halves, which are joined here. What is not understood is left out.
 */
export class StraceLines {
  readonly #begun = new Map<number, string>();

  next(line: string): StraceEvent | undefined {
    const [, number, said = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (number === undefined) return undefined;
    const pid = Number(number);
    if (said.startsWith('+++')) {
      this.#begun.delete(pid);
      // `superseded by execve`: the thread goes on under the number of its leader.
      return /^\+\+\+ (?:exited|killed) /.test(said) ? { kind: 'ended', pid } : undefined;
    }
    const begun = /^(.*?) *<unfinished \.\.\.>$/.exec(said)?.[1];
    if (begun !== undefined) {
      this.#begun.set(pid, begun);
      return undefined;
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(said)?.[1];
    const call = parseCall(rest === undefined ? said : `${this.#begun.get(pid) ?? ''}${rest}`);
    return call === undefined ? undefined : { kind: 'call', pid, call };
  }
}

/** `openat(AT_FDCWD</project>, "raw.csv", O_RDONLY) = 3</project/raw.csv>`; undefined for a failed call. */
function parseCall(text: string): Call | undefined {
  const open = text.indexOf('(');
  const name = text.slice(0, open);
  if (open < 1 || !/^\w+$/.test(name)) return undefined;
  const args: string[] = [];
  let at = open + 1;
  let from = at;
  for (let depth = 0; ; at += 1) {
    const character = text[at];
    if (character === undefined) return undefined;
    if (character === '"') at = endOfString(text, at);
    else if (character === '<') at = endOfPath(text, at);
    else if (character === '{' || character === '[' || character === '(') depth += 1;
    else if (depth > 0 && (character === '}' || character === ']' || character === ')')) depth -= 1;
    else if (depth === 0 && (character === ',' || character === ')')) {
      args.push(text.slice(from, at).trim());
      from = at + 1;
      if (character === ')') break;
    }
  }
  const result = /^ *= (.*)$/.exec(text.slice(at + 1))?.[1];
  return result === undefined || !/^\d/.test(result) ? undefined : { name, args, result };
}

/** The path in quotes; undefined for an address, NULL, or a text that was cut. */
export const quoted = (argument = ''): string | undefined =>
  argument.length > 1 && argument.startsWith('"') && argument.endsWith('"')
    ? unescaped(argument.slice(1, -1))
    : undefined;

/** The path behind a descriptor: of `3</project/raw.csv>` and of `AT_FDCWD</project>`. */
export function pathOf(descriptor = ''): string | undefined {
  const path = /^\w+<(\/.*)>$/.exec(descriptor)?.[1];
  return path === undefined ? undefined : unescaped(path);
}

function endOfString(text: string, quote: number): number {
  for (let at = quote + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

/** A `>` within the path is written as `\76`. */
function endOfPath(text: string, bracket: number): number {
  const end = text.indexOf('>', bracket);
  return end === -1 ? text.length : end;
}

const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))/g;
const SIGNS = new Map(Object.entries({ n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' }));

/** Escapes as in C; bytes beyond ASCII come as octal digits and are UTF-8 together. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = text.replace(ESCAPE, (_, octal?: string, hex?: string, sign?: string): string => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return SIGNS.get(sign ?? '') ?? sign ?? '';
  });
  return Buffer.from(bytes, 'latin1').toString();
}
