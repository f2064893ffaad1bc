import type { DvcImportView, DvcNote } from '../model/dvc.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { describeSize, oneLine } from './describe.ts';
import { printProblem } from './print-diagnostic.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { bytes as size, count } from './units.ts';

/** What a DVC project became, and a line for each thing that was not taken over. */
export function dvcImportText(view: DvcImportView, style: Style): string {
  const { glyphs } = style;
  const stages = view.stages.map(({ name, file, was, locked, verdict }): readonly Cell[] => [
    {
      text: `${locked ? glyphs.executed : glyphs.stale} ${name}`,
      paint: locked ? style.good : style.warn,
    },
    { text: was === undefined ? file : `${file}, as ${was}`, paint: style.faint },
    { text: verdict ?? (locked ? 'its last run is known' : 'without a last run') },
  ]);
  const sources = view.sources.map(({ path, content }): readonly Cell[] => {
    const known = view.dry || content !== undefined;
    return [
      {
        text: `${known ? glyphs.executed : glyphs.stale} ${oneLine(path)}`,
        paint: known ? style.good : style.warn,
      },
      { text: 'raw data', paint: style.faint },
      { text: content === undefined ? '' : describeSize(content) },
    ];
  });
  const { files, bytes } = view.copied;
  const done = view.dry
    ? 'nothing was written (--dry)\n'
    : `wrote ${view.written.join(', ')}\ncopied ${count(files, 'file')} (${size(bytes)}) out of DVC's cache\n`;
  const notes = view.notes.map((note) => `${noteLine(note, style)}\n`).join('');
  const invalid =
    view.invalid === undefined
      ? ''
      : `\npipeline.yaml cannot be loaded yet, so no stage's last run was taken over:\n${printProblem({ kind: 'pipeline', diagnostics: view.invalid }, style, undefined)}`;
  return `${table([...stages, ...sources])}${done}${notes === '' ? '' : `\nnot taken over as it was:\n${notes}`}${invalid}`;
}

const noteLine = ({ file, line, message, hint }: DvcNote, { warn }: Style): string =>
  oneLine(`${warn(line === undefined ? file : `${file}:${line}`)}: ${message}; ${hint}`);

export const dvcImportJson = (view: DvcImportView): JsonObject => ({
  v: 1,
  ...(view as unknown as { readonly [key: string]: JsonValue }),
});
