import type { JsonObject } from '../model/json.ts';
import type { ExportView, LsEntry, LsView } from '../model/read-views.ts';
import { oneLine } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { bytes, count } from './units.ts';

/**
 * What lies where, with paths as `cat`, `pull` and `export` take them:
 *
 *      840 files  2.9 MiB  artifacts/birds/     fetch
 *                 1.2 KiB  artifacts/stats.json  stats
 */
export const lsText = ({ entries, remote }: LsView, style: Style): string =>
  table(
    entries.map((entry): readonly Cell[] => {
      const isAbsent = entry.kind !== 'link' && entry.there === false;
      return [
        { text: entry.kind === 'directory' ? count(entry.files, 'file') : '', right: true },
        { text: entry.kind === 'link' ? 'link' : bytes(entry.size), right: true },
        {
          text: nameOf(entry),
          ...(entry.kind === 'directory' && { paint: style.strong }),
          ...(entry.stage === undefined && !isAbsent && { loose: true }),
        },
        { text: entry.stage ?? '', paint: style.faint },
        { text: isAbsent ? `not in ${remote ?? 'the remote'}` : '', paint: style.warn },
      ];
    }),
  );

function nameOf(entry: LsEntry): string {
  const path = oneLine(entry.path);
  switch (entry.kind) {
    case 'file':
      return path;
    case 'directory':
      return `${path}/`;
    case 'link':
      return `${path} -> ${oneLine(entry.target)}`;
  }
}

export const lsJson = ({ path, entries, remote }: LsView): JsonObject => ({
  v: 1,
  path,
  ...(remote !== undefined && { remote }),
  entries: entries.map((entry) => ({ ...entry })),
});

export function exportText(view: ExportView, { strong, warn }: Style): string {
  const amount = `${count(view.files, 'file')}, ${bytes(view.bytes)}`;
  const same = view.same === 0 ? '' : ` (${count(view.same, 'file')} more had the same content)`;
  const [first, ...others] = view.leftOut;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const leftOut =
    first === undefined
      ? ''
      : warn(`a bucket holds no links and empty directories: ${oneLine(first)}${more}\n`);
  return `exported ${strong(amount)} to ${oneLine(view.to)}${same}\n${leftOut}`;
}

export const exportJson = (view: ExportView): JsonObject => ({
  v: 1,
  to: view.to,
  paths: view.paths,
  files: view.files,
  bytes: view.bytes,
  same: view.same,
  leftOut: view.leftOut,
});
