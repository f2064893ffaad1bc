import type { FreezeView, MoveView, RemoveView } from '../model/history-views.ts';
import type { JsonObject } from '../model/json.ts';
import { oneLine } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';

/** A stage a line. */
export function freezeText({ stages }: FreezeView, style: Style): string {
  return table(
    stages.map(({ name, done }): readonly Cell[] =>
      done === 'unchanged'
        ? [{ text: `${style.glyphs.skipped} unchanged`, paint: style.faint }, { text: name }]
        : [{ text: `${style.glyphs.executed} ${done}`, paint: style.good }, { text: name }],
    ),
  );
}

export const freezeJson = ({ stages }: FreezeView): JsonObject => ({
  v: 1,
  stages: stages.map(({ name, done }) => ({ name, done })),
});

/** What was removed, what became of its files, and who misses them. */
export function removeText(view: RemoveView, style: Style): string {
  const { glyphs } = style;
  const words = {
    deleted: { text: `${glyphs.executed} deleted`, paint: style.good },
    kept: { text: `${glyphs.skipped} kept`, paint: style.faint },
    'not-in-cache': { text: `${glyphs.stale} kept`, paint: style.warn },
  };
  const rows = view.files.map(({ path, done }): readonly Cell[] => [
    words[done],
    { text: oneLine(path) },
    {
      text: done === 'not-in-cache' ? 'the cache does not hold it, so deleting would lose it' : '',
      loose: true,
    },
  ]);
  const head = `${style.good(`${glyphs.executed} removed`)} ${view.kind} ${oneLine(view.name)}\n`;
  const readers =
    view.readers.length === 0
      ? ''
      : `${style.warn(glyphs.stale)} ${view.readers.join(', ')} still ${view.readers.length === 1 ? 'reads' : 'read'} what it had\n`;
  return head + table(rows) + readers;
}

export const removeJson = ({ kind, name, files, readers }: RemoveView): JsonObject => ({
  v: 1,
  removed: { kind, name },
  files: files.map(({ path, done }) => ({ path, done })),
  readers,
});

/** What moved, and honestly what runs for it. */
export function moveText(view: MoveView, style: Style): string {
  const { glyphs } = style;
  const lines = [
    `${style.good(`${glyphs.executed} moved`)} ${view.kind} ${oneLine(view.from)} ${glyphs.arrow} ${oneLine(view.to)}`,
    ...(view.runs.length === 0
      ? view.kind === 'stage'
        ? ['  nothing runs for it; its earlier runs stay listed under the old name']
        : ['  nothing runs for it']
      : [
          `  ${view.runs.join(', ')} ${view.runs.length === 1 ? 'runs' : 'run'} again: the path is part of what a stage is; \`avian commit -f ${view.runs.join(' ')}\` takes what lies there instead`,
        ]),
    ...(view.mentions.length === 0
      ? []
      : [`  the cmd of ${view.mentions.join(', ')} still says ${oneLine(view.from)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

export const moveJson = ({ kind, from, to, runs, mentions }: MoveView): JsonObject => ({
  v: 1,
  moved: { kind, from, to },
  runs,
  mentions,
});
