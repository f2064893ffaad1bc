/*
 * What a page can do beyond being read: tables sort, a row lights its line up, and light and dark
 * can be chosen. All of it is left out where scripts are; nothing that is there depends on it. The
 * text is constant and reads the page alone, so that no value from outside is ever part of a script.
 */
export const BEHAVIOUR = `'use strict';
(() => {
  const root = document.documentElement;
  const nav = document.querySelector('nav');
  if (nav) {
    const theme = document.createElement('button');
    theme.type = 'button';
    const isDark = () => root.dataset.theme
      ? root.dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    const say = () => { theme.textContent = isDark() ? 'Light' : 'Dark'; };
    theme.addEventListener('click', () => {
      root.dataset.theme = isDark() ? 'light' : 'dark';
      say();
    });
    say();
    nav.append(theme);
  }

  const valueOf = (row, at) => {
    const cell = row.children[at];
    const text = cell.dataset.sort || cell.textContent.trim();
    return { text, number: text === '' ? NaN : Number(text) };
  };
  const compare = (a, b) => {
    if (a.text === '' || b.text === '') return (a.text === '') - (b.text === '');
    if (!Number.isNaN(a.number) && !Number.isNaN(b.number)) return a.number - b.number;
    return a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
  };
  for (const table of document.querySelectorAll('table.data')) {
    const heads = [...table.querySelectorAll('thead th')];
    const body = table.querySelector('tbody');
    if (body.children.length < 2) continue;
    heads.forEach((head, at) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute('aria-sort', 'none');
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        for (const other of heads) other.setAttribute('aria-sort', 'none');
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const rows = [...body.children].map((row) => ({ row, value: valueOf(row, at) }));
        rows.sort((a, b) => {
          const order = compare(a.value, b.value);
          const isEmpty = a.value.text === '' || b.value.text === '';
          return down && !isEmpty ? -order : order;
        });
        body.append(...rows.map(({ row }) => row));
      });
    });
  }

  const lines = [...document.querySelectorAll('path.run')];
  for (const row of document.querySelectorAll('tr[data-run]')) {
    const own = lines.filter((line) => row.dataset.run && line.dataset.run === row.dataset.run);
    if (own.length === 0) continue;
    const light = (on) => () => { for (const line of own) line.classList.toggle('lit', on); };
    row.addEventListener('mouseenter', light(true));
    row.addEventListener('mouseleave', light(false));
  }
})();
`;
