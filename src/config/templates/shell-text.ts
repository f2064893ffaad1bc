import { isPlainWord, shellWord } from '../../model/shell-word.ts';

/**
 * A command under construction that knows where in the shell's quotes it stands, so that a value
 * becomes the word that it is and nothing else: `${x}`, `"${x}"` and `'${x}'` all hold `a b; $c`.
 */
export class ShellText {
  text = '';
  readonly #open: ('single' | 'double' | 'parenthesis' | 'backquote')[] = [];
  #isEscaped = false;
  #isComment = false;
  /** A here-document began: its lines are quoted by rules of their own. */
  #isHereDocument = false;

  /** Text of the command itself. */
  literal(text: string): void {
    for (const char of text) {
      this.#read(char);
      this.text += char;
    }
  }

  /** Words given by a value; false when they cannot be quoted where they would stand. */
  words(words: readonly string[]): boolean {
    const top = this.#open.at(-1);
    const isQuoted = top === 'single' || top === 'double';
    if (isQuoted && words.length !== 1) return false;
    const isUnsure =
      this.#isComment || this.#isHereDocument || this.#open.some((kind) => kind === 'backquote');
    if (isUnsure && !words.every(isPlainWord)) return false;
    const quote = top === 'single' ? inSingleQuotes : top === 'double' ? inDoubleQuotes : shellWord;
    this.text += words.map(quote).join(' ');
    return true;
  }

  #read(char: string): void {
    const top = this.#open.at(-1);
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#isComment) this.#isComment = char !== '\n';
    else if (top === 'single') {
      if (char === "'") this.#open.pop();
    } else if (char === '\\') this.#isEscaped = true;
    else if (char === '`') this.#toggle('backquote');
    else if (char === '"') this.#toggle('double');
    else if (char === '(' && (top !== 'double' || this.text.endsWith('$'))) {
      this.#open.push('parenthesis');
    } else if (top === 'double') return;
    else if (char === "'") this.#open.push('single');
    else if (char === ')' && top === 'parenthesis') this.#open.pop();
    else if (char === '#' && /(^|[\s;&|(])$/.test(this.text)) this.#isComment = true;
    else if (char === '<' && /(^|[^<])<$/.test(this.text)) this.#isHereDocument = true;
  }

  #toggle(kind: 'double' | 'backquote'): void {
    if (this.#open.at(-1) === kind) this.#open.pop();
    else this.#open.push(kind);
  }
}

const inSingleQuotes = (word: string): string => word.replaceAll("'", `'\\''`);
const inDoubleQuotes = (word: string): string => word.replace(/[\\"$`]/g, '\\$&');
