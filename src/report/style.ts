/**
 * How text may look. Of the sixteen colours only those that can be read on light and on dark
 * grounds, by number, so that the terminal's theme decides; never colour without glyph and word.
 */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly info: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly glyphs: Glyphs;
  /** A file of the project as it is named from where the reader stands, so that editors and terminals find it. */
  readonly fileName: (file: string) => string;
}

export interface Look {
  readonly colour: boolean;
  /** For terminals and log viewers that show nothing else. */
  readonly ascii: boolean;
  /** Leads from where avian was called to the project: `''`, `../` or `birds/`. Asked once a file is named. */
  readonly toProject?: () => string;
}

export interface Glyphs {
  readonly executed: string;
  readonly skipped: string;
  readonly restored: string;
  readonly failed: string;
  readonly blocked: string;
  readonly cancelled: string;
  readonly started: string;
  readonly waiting: string;
  readonly stale: string;
  readonly ellipsis: string;
  readonly arrow: string;
  /** Node, tee, corner, vertical and horizontal of drawings. */
  readonly node: string;
  readonly tee: string;
  readonly corner: string;
  readonly down: string;
  readonly across: string;
  readonly join: string;
  readonly cross: string;
}

const UNICODE: Glyphs = {
  executed: '✓',
  skipped: '·',
  restored: '↺',
  failed: '✗',
  blocked: '⊘',
  cancelled: '■',
  started: '▶',
  waiting: '⋯',
  stale: '!',
  ellipsis: '…',
  arrow: '->',
  node: '●',
  tee: '├',
  corner: '╰',
  down: '│',
  across: '─',
  join: '┴',
  cross: '┼',
};

const ASCII: Glyphs = {
  executed: '+',
  skipped: '.',
  restored: '<',
  failed: 'x',
  blocked: '-',
  cancelled: '#',
  started: '>',
  waiting: '~',
  stale: '!',
  ellipsis: '...',
  arrow: '->',
  node: '*',
  tee: '|',
  corner: '`',
  down: '|',
  across: '-',
  join: '+',
  cross: '+',
};

const sgr =
  (on: boolean, code: number) =>
  (text: string): string =>
    on && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text;

export const createStyle = ({ colour, ascii, toProject = () => '' }: Look): Style => ({
  good: sgr(colour, 32),
  bad: sgr(colour, 31),
  warn: sgr(colour, 33),
  info: sgr(colour, 36),
  faint: sgr(colour, 2),
  strong: sgr(colour, 1),
  glyphs: ascii ? ASCII : UNICODE,
  fileName: (file) => (file.startsWith('/') ? file : `${toProject()}${file}`),
});
