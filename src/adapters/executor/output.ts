import { StringDecoder } from 'node:string_decoder';

type Stream = 'stdout' | 'stderr';

/** An unfinished line is held back this long for its end, so that parallel stages mix by lines. */
const HOLD_MS = 100;
const HOLD_CHARS = 16_384;
const TAIL_LINES = 20;
const TAIL_BYTES = 4096;

/** Joins the bytes of a command's two streams into text, in whole lines where possible. */
export class Output {
  readonly #onOutput: (stream: Stream, chunk: string) => void;
  readonly #streams = { stdout: new LineHolder(), stderr: new LineHolder() };
  #recent = '';

  constructor(onOutput: (stream: Stream, chunk: string) => void) {
    this.#onOutput = onOutput;
  }

  write(stream: Stream, bytes: Buffer): void {
    const holder = this.#streams[stream];
    this.#emit(stream, holder.push(bytes));
    holder.later(() => {
      this.#emit(stream, holder.take());
    });
  }

  /** Hands out whatever is held back; a character cut off in the middle becomes U+FFFD. */
  end(): void {
    this.#emit('stdout', this.#streams.stdout.end());
    this.#emit('stderr', this.#streams.stderr.end());
  }

  /** The last lines of both streams as they came: at most 20 lines and 4 KiB. */
  tail(): string {
    const lines = this.#recent.replace(/\n$/, '').split('\n').slice(-TAIL_LINES).join('\n');
    const bytes = Buffer.from(lines);
    if (bytes.length <= TAIL_BYTES) return lines.toWellFormed();
    // A cut inside a character would show as U+FFFD at the front.
    return bytes
      .subarray(-TAIL_BYTES)
      .toString()
      .replace(/^\uFFFD+/, '');
  }

  #emit(stream: Stream, text: string): void {
    if (text === '') return;
    this.#recent = (this.#recent + text).slice(-2 * TAIL_BYTES);
    this.#onOutput(stream, text);
  }
}

class LineHolder {
  readonly #decoder = new StringDecoder('utf8');
  #held = '';
  #timer: NodeJS.Timeout | undefined;

  /** Everything up to the last end of a line; `\r` counts, since progress bars end with it. */
  push(bytes: Buffer): string {
    const text = this.#held + this.#decoder.write(bytes);
    const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1;
    const cut = text.length - end > HOLD_CHARS ? text.length : end;
    this.#held = text.slice(cut);
    return text.slice(0, cut);
  }

  take(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }

  end(): string {
    clearTimeout(this.#timer);
    return this.take() + this.#decoder.end();
  }

  later(act: () => void): void {
    clearTimeout(this.#timer);
    if (this.#held !== '') this.#timer = setTimeout(act, HOLD_MS).unref();
  }
}
