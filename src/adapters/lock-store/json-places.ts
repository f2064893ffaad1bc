/** A JSON value with where it stands in its text: offsets in UTF-16 units, `end` exclusive. */
export interface Placed {
  readonly start: number;
  readonly end: number;
  readonly value:
    | { readonly kind: 'scalar'; readonly value: string | number | boolean | null }
    | { readonly kind: 'array'; readonly items: readonly Placed[] }
    | { readonly kind: 'object'; readonly members: readonly PlacedMember[] };
}

export interface PlacedMember {
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: Placed;
}

export interface SyntaxProblem {
  readonly at: number;
  readonly message: string;
}

const MAX_DEPTH = 64;

/**
 * Parses JSON and keeps the places, and members of the same name, which `JSON.parse` hides. Only
 * read when a text is not as avian wrote it: it is some ten times slower than `JSON.parse`.
 */
export function parseWithPlaces(text: string): Placed | SyntaxProblem {
  try {
    return new Parser(text).document();
  } catch (error) {
    if (error instanceof Unexpected) return { at: error.at, message: error.message };
    throw error;
  }
}

class Unexpected extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Placed {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected('the end of the file');
    return value;
  }

  #value(depth: number): Placed {
    this.#skipSpace();
    const start = this.#at;
    if (depth > MAX_DEPTH) throw new Unexpected(start, `nested deeper than ${MAX_DEPTH} levels`);
    const value = this.#bare(depth);
    return { start, end: this.#at, value };
  }

  #bare(depth: number): Placed['value'] {
    switch (this.#text[this.#at]) {
      case '{':
        return { kind: 'object', members: this.#list('{', '}', () => this.#member(depth)) };
      case '[':
        return { kind: 'array', items: this.#list('[', ']', () => this.#value(depth + 1)) };
      case '"':
        return { kind: 'scalar', value: this.#string() };
      default: {
        const word = this.#match(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|[a-z]+/y);
        if (word === 'true' || word === 'false') return { kind: 'scalar', value: word === 'true' };
        if (word === 'null') return { kind: 'scalar', value: null };
        if (word === undefined || /^[a-z]/.test(word)) {
          this.#at -= word?.length ?? 0;
          throw this.#unexpected('a value');
        }
        return { kind: 'scalar', value: Number(word) };
      }
    }
  }

  #member(depth: number): PlacedMember {
    this.#skipSpace();
    const keyStart = this.#at;
    if (this.#text[keyStart] !== '"') throw this.#unexpected('a name in double quotes');
    const key = this.#string();
    const keyEnd = this.#at;
    this.#take(':');
    return { key, keyStart, keyEnd, value: this.#value(depth + 1) };
  }

  #list<T>(open: string, close: string, item: () => T): T[] {
    this.#take(open);
    this.#skipSpace();
    const items: T[] = [];
    if (this.#text[this.#at] === close) {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(item());
      this.#skipSpace();
      if (this.#text[this.#at] === close) {
        this.#at++;
        return items;
      }
      this.#take(',', `\`,\` or \`${close}\``);
    }
  }

  #string(): string {
    const start = this.#at;
    this.#at++;
    // Piece by piece: one pattern for all of it overflows the stack on ten megabytes.
    while (
      this.#match(/[^"\\\u0000-\u001f]{1,65536}|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y) !== undefined
    );
    if (this.#text[this.#at] !== '"') {
      throw new Unexpected(start, 'a string that does not end, or cannot be');
    }
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #take(char: string, expected = `\`${char}\``): void {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) throw this.#unexpected(expected);
    this.#at++;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #skipSpace(): void {
    this.#match(/[ \t\r\n]*/y);
  }

  #unexpected(expected: string): Unexpected {
    const found = this.#text.slice(this.#at, this.#at + 12).split('\n')[0] ?? '';
    const what = this.#at >= this.#text.length ? 'the end of the file' : `\`${found}\``;
    return new Unexpected(this.#at, `expected ${expected}, found ${what}`);
  }
}
