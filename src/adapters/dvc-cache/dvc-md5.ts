import { createHash } from 'node:crypto';
import { byCodeUnit } from '../../model/json.ts';

/** The MD5 of a file as DVC computes it, from pieces of 1 MiB in order. */
export interface DvcMd5 {
  update(piece: Uint8Array): void;
  hex(): string;
}

/** `legacy`: before DVC 3.0, CRLF of text files counted as LF. Each piece is judged by itself, as DVC does. */
export function startMd5(legacy: boolean): DvcMd5 {
  const hash = createHash('md5');
  return {
    update: (piece) => void hash.update(legacy && looksLikeText(piece) ? withoutCr(piece) : piece),
    hex: () => hash.digest('hex'),
  };
}

const LOOKED_AT = 512;

/** DVC's guess: no NUL, and at most three bytes in ten that are neither printable ASCII nor white space. */
function looksLikeText(piece: Uint8Array): boolean {
  const block = piece.subarray(0, LOOKED_AT);
  let others = 0;
  for (const byte of block) {
    if (byte === 0) return false;
    const isText = (byte >= 32 && byte < 127) || WHITE.has(byte);
    if (!isText) others += 1;
  }
  return others <= block.length * 0.3;
}

/** LF, CR, tab, form feed, backspace. */
const WHITE = new Set([10, 13, 9, 12, 8]);

function withoutCr(piece: Uint8Array): Uint8Array {
  const text = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
  const kept: Buffer[] = [];
  let from = 0;
  for (let at = text.indexOf('\r\n'); at !== -1; at = text.indexOf('\r\n', from)) {
    kept.push(text.subarray(from, at));
    // The LF is kept with what follows it, and found by no later search.
    from = at + 1;
  }
  return from === 0 ? text : Buffer.concat([...kept, text.subarray(from)]);
}

export interface ManifestEntry {
  /** With slashes, relative to the directory. */
  readonly path: string;
  readonly md5: string;
}

/** The list of a directory's files as DVC stores it: Python's `json.dumps` of a sorted list, ASCII only. */
export function manifestText(entries: readonly ManifestEntry[]): string {
  const sorted = [...entries].sort((a, b) => byCodePoint(a.path, b.path));
  const items = sorted.map(({ path, md5 }) => `{"md5": "${md5}", "relpath": ${asciiJson(path)}}`);
  return `[${items.join(', ')}]`;
}

/** Python sorts by code point; code units differ from it where surrogates meet U+E000 and above. */
function byCodePoint(a: string, b: string): number {
  if (!/[\ud800-\uffff]/.test(a + b)) return byCodeUnit(a, b);
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const asciiJson = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Undefined when the text is no such list. */
export function parseManifest(text: string): readonly ManifestEntry[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const entries: ManifestEntry[] = [];
  for (const entry of value as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null) return undefined;
    const { md5, relpath } = entry as { readonly md5?: unknown; readonly relpath?: unknown };
    if (typeof md5 !== 'string' || !/^[0-9a-f]{32}$/.test(md5)) return undefined;
    if (typeof relpath !== 'string') return undefined;
    entries.push({ path: relpath, md5 });
  }
  return entries;
}
