/** Forms as browsers and curl send them (RFC 7578), taken apart in memory; pure. */

export interface Part {
  readonly name: string;
  /** Undefined for a plain field. */
  readonly fileName: string | undefined;
  /** A view into the body. */
  readonly content: Buffer;
}

export type FormRead =
  | { readonly kind: 'parts'; readonly parts: readonly Part[] }
  | { readonly kind: 'wrong'; readonly problem: string };

const MOST_PARTS = 40;
const MOST_HEADER_BYTES = 8 * 1024;

/** The boundary out of a Content-Type header; undefined where it is no multipart/form-data or names none. */
export function boundaryOf(contentType: string): string | undefined {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) return undefined;
  const [, quoted, bare] =
    /;\s*boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70})(?=$|[\s;]))/i.exec(contentType) ?? [];
  return quoted ?? bare;
}

export function readForm(body: Buffer, boundary: string): FormRead {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const parts: Part[] = [];
  // The first delimiter may open the body, where no line ends before it; what comes before it counts for nothing.
  const opens = body.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2));
  let at = opens ? -2 : body.indexOf(delimiter);
  if (!opens && at < 0) return wrong('its boundary is nowhere in it');

  for (;;) {
    const behind = at + delimiter.length;
    if (body.toString('latin1', behind, behind + 2) === '--') return { kind: 'parts', parts };
    if (parts.length === MOST_PARTS) return wrong(`it has more than ${MOST_PARTS} parts`);
    // Some clients put spaces behind a boundary.
    const lineEnd = body.indexOf('\r\n', behind);
    if (lineEnd < 0 || body.toString('latin1', behind, lineEnd).trim() !== '') {
      return wrong(lineEnd < 0 ? 'it ends too early' : 'a boundary is followed by something else');
    }
    const end = body.indexOf(delimiter, lineEnd);
    if (end < 0) return wrong('it ends too early');
    const part = readPart(body.subarray(lineEnd + 2, Math.max(end, lineEnd + 2)));
    if (typeof part === 'string') return wrong(part);
    parts.push(part);
    at = end;
  }
}

/** Header lines, an empty line, content. A text is what is wrong. */
function readPart(bytes: Buffer): Part | string {
  const headerEnd = bytes.indexOf('\r\n\r\n');
  if (headerEnd < 0 || headerEnd > MOST_HEADER_BYTES) return 'a part has no header, or a huge one';
  const lines = bytes.toString('utf8', 0, headerEnd).split('\r\n');
  const disposition = lines.find((line) => /^content-disposition\s*:\s*form-data\b/i.test(line));
  const name = disposition === undefined ? undefined : parameter(disposition, namePattern);
  if (disposition === undefined || name === undefined) return 'a part has no name';
  return {
    name,
    fileName: parameter(disposition, fileNamePattern),
    content: bytes.subarray(headerEnd + 4),
  };
}

/** Browsers write `"` in names as %22, older clients as \". */
function parameter(header: string, pattern: RegExp): string | undefined {
  const [, quoted, bare] = pattern.exec(header) ?? [];
  return quoted?.replaceAll(/\\(.)/g, '$1').replaceAll(/%22/g, '"') ?? bare;
}

// Made once: to make them for every part took a tenth of the time in which a small photograph is taken in.
const namePattern = parameterPattern('name');
const fileNamePattern = parameterPattern('filename');

function parameterPattern(name: string): RegExp {
  return new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, 'i');
}

function wrong(problem: string): FormRead {
  return { kind: 'wrong', problem };
}
