/** HTML that is safe to put into a page: everything that came from outside has been escaped on its way in. */
export class Markup {
  readonly text: string;

  /** For texts of this program alone. */
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | undefined | readonly Content[];

/**
 * A template whose values are escaped, in text and in quoted attributes alike, but for markup made
 * the same way. There is no place in a page for a value in a script, a style sheet or a tag's name.
 *
 *     html`<td title="${path}">${name}</td>`
 */
export const html = (parts: TemplateStringsArray, ...values: readonly Content[]): Markup =>
  new Markup(
    unindented(parts)
      .map((part, at) => (at === 0 ? part : `${render(values[at - 1])}${part}`))
      .join(''),
  );

const compact = new WeakMap<TemplateStringsArray, readonly string[]>();

/** Without the indentation that a template has in its source, which would be a third of a page. */
function unindented(parts: TemplateStringsArray): readonly string[] {
  const known = compact.get(parts) ?? parts.map((part) => part.replace(/\n\s+/g, '\n'));
  compact.set(parts, known);
  return known;
}

function render(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(render).join('');
  return escaped(String(content));
}

const ENTITIES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// Control characters have no place in HTML, not even as references, and some of them turn text around.
const UNPRINTABLE = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]/g;

const escaped = (text: string): string =>
  text.replace(UNPRINTABLE, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** Nothing, for a part of a template that is left out. */
export const NOTHING = new Markup('');
