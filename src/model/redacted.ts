/** Stands in messages, logs and records where something was that proves who somebody is. */
export const REDACTED = '[redacted]';

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // user:password@ of a URL
  [/(:\/\/[^/\s:@]+:)[^/\s@]+@/g, `$1${REDACTED}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  // Google's access and refresh tokens
  [/\bya29\.[\w-]+/g, REDACTED],
  [/\b1\/\/[\w-]{20,}/g, REDACTED],
  // Keys and tokens that say what they are: AWS, GitHub, GitLab, Hugging Face, OpenAI, Slack, Google's API keys.
  [
    /\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|hf_\w{30,}|sk-[\w-]{20,}|xox[abposr]-[\w-]{10,}|AIza[\w-]{35})/g,
    REDACTED,
  ],
  // Signed and resumable URLs; whoever has one may write.
  [
    /\b(access_token|refresh_token|id_token|client_secret|upload_id|(?:X-Goog-)?Signature|token|password|secret|api_?key)=[^&\s'"]+/gi,
    `$1=${REDACTED}`,
  ],
  [
    /("(?:private_key|client_secret|refresh_token|access_token|password)"\s*:\s*)"(?:[^"\\]|\\.)*"/g,
    `$1"${REDACTED}"`,
  ],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
];

/** The text without secrets, for messages, logs and records. `values` are secrets that it may not hold either. */
export function redacted(text: string, values: readonly string[] = []): string {
  let rest = without(values, text);
  for (const [pattern, instead] of SECRETS) rest = rest.replaceAll(pattern, instead);
  return rest;
}

const without = (values: readonly string[], text: string): string =>
  values.reduce((rest, value) => rest.replaceAll(value, REDACTED), text);

/** A value with the same done to every text in it. */
export function redactedJson<T>(value: T, values: readonly string[]): T {
  const visit = (inner: unknown): unknown => {
    if (typeof inner === 'string') return redacted(inner, values);
    if (Array.isArray(inner)) return inner.map(visit);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, member]) => [key, visit(member)]));
  };
  return visit(value) as T;
}

/** Whether a variable's value is a secret, by its name: `HF_TOKEN` is one, `TOKENIZERS_PARALLELISM` is not. */
export const isSecretName = (name: string): boolean =>
  // The path of a file.
  name !== 'GOOGLE_APPLICATION_CREDENTIALS' &&
  /(?:^|[_.-])(?:\w*(?:TOKEN|PASSWORD)|SECRET|PASSWD|PASSPHRASE|\w*KEY|CREDENTIAL)S?(?:$|[_.-](?!PATH$|FILE$|ID$))/i.test(
    name,
  );

/** A shorter value stands in many texts by chance. */
const SHORTEST = 8;

/** The secrets among variables, the longest first. */
export const secretsIn = (env: {
  readonly [name: string]: string | undefined;
}): readonly string[] =>
  [
    ...new Set(
      Object.entries(env).flatMap(([name, value = '']) =>
        isSecretName(name) && value.length >= SHORTEST ? [value] : [],
      ),
    ),
  ].sort((a, b) => b.length - a.length);

/**
 * A secret as a record may have it. The beginning of its digest tells that it changed, as the fingerprint,
 * which it is part of, does.
 */
export const redactedValue = (value: string, hash: (text: string) => string): string =>
  `${REDACTED} ${hash(value).slice(0, 8)}`;

export const isRedactedValue = (value: string): boolean => value.startsWith(REDACTED);

/** Takes secrets out of text that comes in pieces, wherever they are cut. */
export interface Redactor {
  /** What may be told so far; the rest may be the beginning of a secret. */
  read(chunk: string): string;
  end(): string;
}

/** No secret is longer; what does not end before is let go. */
const LONGEST = 16 * 1024;

export function openRedactor(values: readonly string[]): Redactor {
  let held = '';
  return {
    read(chunk) {
      // What is known by its value may have spaces; nothing is cut in the midst of it then.
      const text = without(values, held + chunk);
      const start = beginningOfHeld(text, values);
      if (text.length - start > LONGEST) {
        held = '';
        return redacted(text);
      }
      held = text.slice(start);
      return redacted(text.slice(0, start));
    },
    end() {
      const rest = redacted(held);
      held = '';
      return rest;
    },
  };
}

const KEY = '-----BEGIN ';

/** Where something begins that the next piece may go on with. */
function beginningOfHeld(text: string, values: readonly string[]): number {
  const near = Math.max(0, text.length - LONGEST);
  let start = text.length;
  while (start > near && !' \t\r\n\'"'.includes(text.charAt(start - 1))) start -= 1;
  // Dots and bars of a progress are nobody's secret, and are waited for.
  if (!/\w/.test(text.slice(start))) start = text.length;
  // The quote that a member's name begins with.
  if (text.charAt(start - 1) === '"') start -= 1;
  const scheme = /\b(?:Bearer|Basic)[ \t]+$/i.exec(text.slice(Math.max(near, start - 16), start));
  start -= scheme?.[0].length ?? 0;
  const key = text.lastIndexOf(KEY);
  const isOver = /-----END [A-Z ]*-----/.test(text.slice(Math.max(0, key), start));
  if (key >= near && !isOver) start = Math.min(start, key);
  const line = Math.max(near, text.lastIndexOf('\n') + 1);
  const member = /"(?:private_key|client_secret|refresh_token|access_token|password)".*$/.exec(
    text.slice(line),
  );
  if (member !== null) start = Math.min(start, line + member.index);
  for (const value of [KEY, ...values]) {
    const first = value.charAt(0);
    let at = text.indexOf(first, Math.max(near, text.length - value.length + 1));
    for (; at >= 0 && at < start; at = text.indexOf(first, at + 1)) {
      if (value.startsWith(text.slice(at))) start = at;
    }
  }
  return start;
}
