/** HTML pages that are one file each: filled in, escaped, and allowed to load nothing from elsewhere. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Page {
  readonly html: string;
  /** Content-Security-Policy under which exactly this page's own style and script run. */
  readonly policy: string;
}

/** Text of which the markup is wanted; everything else is escaped. */
export interface Markup {
  readonly markup: string;
}

/** Reads a template beside this module; `fill` puts values at its `{{name}}` marks. A mark without a value is a bug. */
export function openTemplate(
  name: string,
): (values: Record<string, string | number | Markup>) => Page {
  const template = readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
  const policy = policyFor(template);
  return (values) => ({
    html: template.replaceAll(/\{\{(\w+)\}\}/g, (_, mark: string) => {
      const value = values[mark];
      if (value === undefined) throw new Error(`bug: ${name} wants ${mark}`);
      return typeof value === 'object' ? value.markup : escapeHtml(String(value));
    }),
    policy,
  });
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}

function policyFor(html: string): string {
  const digests = (element: string): string =>
    Array.from(
      html.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, 'gs')),
      ([, text = '']) => {
        return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
      },
    ).join(' ') || "'none'";
  return [
    "default-src 'none'",
    `script-src ${digests('script')}`,
    `style-src ${digests('style')}`,
    // Inline styles set by script through the DOM are not affected; blob: shows the chosen photograph.
    'img-src data: blob:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
