import type { Content, DataChange, DiffView } from '../model/history-views.ts';
import type { JsonObject } from '../model/json.ts';
import { describeSize, oneLine, shortDigest } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { count } from './units.ts';

/** Of one directory; --json has all. */
const FILES_SHOWN = 20;

const SECTIONS = ['added', 'deleted', 'renamed', 'modified'] as const;

/**
 * As `dvc diff`: what came, went, moved and changed, files of directories below them, and the sum:
 *
 *     modified
 *       out     artifacts/model  3f2a91 -> 88c01d  3 files, 1.2 MiB
 *                 weights.bin  modified
 */
export function diffText(view: DiffView, style: Style): string {
  const head = `${oneLine(view.before)} -> ${oneLine(view.after)}`;
  const parts = SECTIONS.flatMap((kind) => {
    const changes = view.changes.filter((change) => change.kind === kind);
    return changes.length === 0
      ? []
      : [
          `${paint(kind, style)(kind)}\n${table(changes.flatMap((change) => rowsOf(change, style)))}`,
        ];
  });
  const unknown =
    view.unknown.length === 0
      ? ''
      : style.faint(
          `what ${view.unknown.join(', ')} read is not known on both sides: the run is not on this machine`,
        ) + '\n';
  if (parts.length === 0)
    return `no data differs between ${head.replace(' -> ', ' and ')}\n${unknown}`;
  return `${style.faint(head)}\n${parts.join('')}${sum(view)}\n${unknown}`;
}

const paint = (kind: DataChange['kind'], style: Style): ((text: string) => string) =>
  ({ added: style.good, deleted: style.bad, renamed: style.info, modified: style.warn })[kind];

function rowsOf(change: DataChange, style: Style): readonly (readonly Cell[])[] {
  const about = (content: Content): Cell => ({
    text: describeSize(content),
    paint: style.faint,
  });
  const row = (path: string, digests: string, content: Content): readonly Cell[] => [
    { text: `  ${change.role}`, paint: style.faint },
    { text: path },
    { text: digests },
    about(content),
  ];
  const { arrow } = style.glyphs;
  switch (change.kind) {
    case 'added':
      return [row(oneLine(change.path), shortDigest(change.after.digest), change.after)];
    case 'deleted':
      return [row(oneLine(change.path), shortDigest(change.before.digest), change.before)];
    case 'renamed': {
      const path = `${oneLine(change.from)} ${arrow} ${oneLine(change.path)}`;
      return [row(path, shortDigest(change.after.digest), change.after)];
    }
    case 'modified': {
      const { before, after, files } = change;
      const digests = `${shortDigest(before.digest)} ${arrow} ${shortDigest(after.digest)}`;
      return [row(oneLine(change.path), digests, after), ...filesOf(change, files, style)];
    }
  }
}

function filesOf(
  { before, after }: Extract<DataChange, { readonly kind: 'modified' }>,
  files: Extract<DataChange, { readonly kind: 'modified' }>['files'],
  style: Style,
): readonly (readonly Cell[])[] {
  const below = (text: string): readonly Cell[] => [
    { text: '' },
    { text: `  ${text}`, loose: true, paint: style.faint },
  ];
  if (before.files === undefined || after.files === undefined) return [];
  if (files === undefined) {
    return [below('which files is not known: a tree is neither in the cache nor in the workspace')];
  }
  const more = files.length - FILES_SHOWN;
  return [
    ...files.slice(0, FILES_SHOWN).map(({ path, kind }) => below(`${oneLine(path)} ${kind}`)),
    ...(more > 0 ? [below(`+${more} more: --json lists all`)] : []),
  ];
}

function sum({ changes }: DiffView): string {
  const inside = changes.flatMap((change) =>
    change.kind === 'modified' ? (change.files ?? []) : [],
  );
  const counts = SECTIONS.flatMap((kind) => {
    const n = changes.filter((change) => change.kind === kind).length;
    return n === 0 ? [] : [`${n} ${kind}`];
  });
  return (
    counts.join(', ') + (inside.length === 0 ? '' : `; ${count(inside.length, 'file')} inside`)
  );
}

/** `files` of a directory is null where it is not known. */
export const diffJson = (view: DiffView): JsonObject => ({
  v: 1,
  before: view.before,
  after: view.after,
  changes: view.changes.map((change) => ({
    kind: change.kind,
    role: change.role,
    path: change.path,
    ...(change.kind === 'renamed' && { from: change.from }),
    ...('before' in change && { before: encodeContent(change.before) }),
    ...('after' in change && { after: encodeContent(change.after) }),
    ...(change.kind === 'modified' &&
      change.after.files !== undefined && {
        files: change.files?.map(({ path, kind }) => ({ path, kind })) ?? null,
      }),
  })),
  unknown: view.unknown,
});

const encodeContent = ({ digest, size, files, executable }: Content): JsonObject => ({
  digest,
  ...(size !== undefined && { size }),
  ...(files !== undefined && { files }),
  ...(executable === true && { executable }),
});
