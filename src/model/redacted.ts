/** What is never printed or kept: what proves who asks, wherever it stands in a text. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // user:password@ of a URL
  [/(:\/\/[^/\s:@]+:)[^/\s@]+@/g, '$1…@'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 …'],
  // Google's access and refresh tokens
  [/\bya29\.[\w-]+/g, 'ya29.…'],
  [/\b1\/\/[\w-]{20,}/g, '1//…'],
  // Signed and resumable URLs; whoever has one may write.
  [
    /\b(access_token|refresh_token|id_token|client_secret|upload_id|(?:X-Goog-)?Signature|token|password|secret|api_?key)=[^&\s'"]+/gi,
    '$1=…',
  ],
  [
    /("(?:private_key|client_secret|refresh_token|access_token|password)"\s*:\s*)"(?:[^"\\]|\\.)*"/g,
    '$1"…"',
  ],
  [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    '(a private key)',
  ],
];

/** The text without secrets, for messages, logs and records. */
export const redacted = (text: string): string =>
  SECRETS.reduce((rest, [pattern, instead]) => rest.replaceAll(pattern, instead), text);
