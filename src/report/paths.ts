import type { JsonObject } from '../model/json.ts';
import type { PathsView } from '../model/views.ts';
import { describeSize, oneLine, shortDigest } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';

/** What `add`, `checkout` and their kin did, one path a line. */
export function pathsText(view: PathsView, style: Style): string {
  const { glyphs } = style;
  const glyph = {
    added: glyphs.executed,
    imported: glyphs.executed,
    updated: glyphs.executed,
    restored: glyphs.restored,
    unchanged: glyphs.skipped,
    removed: glyphs.failed,
  };
  const rows = view.paths.flatMap((path): (readonly Cell[])[] => [
    [
      {
        text: `${glyph[path.done]} ${path.done}`,
        paint: path.done === 'unchanged' ? style.faint : style.good,
      },
      { text: oneLine(path.path) },
      { text: path.digest === undefined ? '' : shortDigest(path.digest) },
      { text: describeSize(path), paint: style.faint },
    ],
    ...(path.kept === undefined
      ? []
      : [
          [
            { text: '' },
            { text: `what lay there is now in ${oneLine(path.kept)}`, loose: true as const },
          ],
        ]),
  ]);
  return rows.length === 0 ? 'nothing to do\n' : table(rows);
}

export const pathsJson = (view: PathsView): JsonObject => ({
  v: 1,
  paths: view.paths.map(({ path, done, digest, size, files, kept }) => ({
    path,
    done,
    ...(digest !== undefined && { digest }),
    ...(size !== undefined && { size }),
    ...(files !== undefined && { files }),
    ...(kept !== undefined && { kept }),
  })),
});
