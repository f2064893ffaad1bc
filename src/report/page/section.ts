import { html, type Content, type Markup } from './html.ts';

/** A part of a page that the list at its head leads to. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly markup: Markup;
}

/** @param id of this program's own */
export const section = (id: string, title: string, content: Content): Section => ({
  ...{ id, title },
  markup: html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
  </section>`,
});
