import type { JsonObject } from '../model/json.ts';
import type {
  Amount,
  DuView,
  GcUndoView,
  GcView,
  KeptBy,
  LeftoverAmount,
  TrashAmount,
} from '../model/space-views.ts';
import { oneLine } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { ago, bytes, count } from './units.ts';

/** What the cache holds and what may go, in words that people pay for: bytes first. */
export function gcText(view: GcView, style: Style, now: number): string {
  const { dry, kept, unneeded, leftovers, moved, held, broughtBack, emptied, trash } = view;
  const needed = kept.filter(({ objects }) => objects > 0);
  const lines = [
    `${amount(total(needed))} are needed\n`,
    table(needed.map(({ by, ...each }) => [...amountCells(each), { text: KEPT_BY[by] }])),
  ];
  if (unneeded.length + leftovers.length > 0) {
    const rows = unneeded.map(({ stage, newest, oldest, ...each }): readonly Cell[] => [
      ...amountCells(each),
      { text: stage ?? '(no run)' },
      { text: ageRange(newest, oldest, now), paint: style.faint },
    ]);
    const all = {
      objects: total(unneeded).objects,
      bytes: total(unneeded).bytes + leftovers.reduce((sum, each) => sum + each.bytes, 0),
    };
    lines.push(`${amount(all)} are not\n`, table([...rows, ...leftovers.map(leftoverCells)]));
  }
  if (broughtBack > 0) {
    const verb = dry ? 'would come' : 'came';
    lines.push(
      `${count(broughtBack, 'object')} in the trash ${verb} back: they are needed again\n`,
    );
  }
  lines.push(...whatWent(view, style));
  if (held !== undefined) lines.push(style.warn(`${whyHeld(held)}\n`));
  if (emptied.ids.length > 0) lines.push(`${bytes(emptied.bytes)} of old trash removed for good\n`);
  if (trash.ids.length > 0 && moved.id === undefined) {
    lines.push(style.faint(`the trash holds ${bytes(trash.bytes)}; --empty-trash frees it now\n`));
  }
  return lines.join('');
}

function whatWent({ dry, moved, trashDays, emptied }: GcView, style: Style): readonly string[] {
  if (dry && moved.bytes > 0)
    return [`without --dry ${bytes(moved.bytes)} would go to the trash\n`];
  if (moved.id === undefined) return [];
  const size = bytes(moved.bytes);
  if (emptied.ids.includes(moved.id)) return [style.good(`${size} removed for good\n`)];
  return [
    style.good(`${size} moved to the trash, to be removed for good in ${trashDays} days\n`),
    `avian gc --undo ${moved.id}  puts it back\n`,
  ];
}

const KEPT_BY: { readonly [by in KeptBy]: string } = {
  workspace: 'named by pipeline.lock',
  commits: 'named by a lock of a commit',
  sources: 'raw data, never removed',
  deployments: 'behind a deployment',
  'recent-runs': 'of recent runs',
  recent: 'recent, of no run',
};

const LEFTOVERS: { readonly [kind in LeftoverAmount['kind']]: string } = {
  failed: 'left by failed stages (tmp/failed)',
  replaced: 'replaced by restores (tmp/replaced)',
  corrupt: 'objects with wrong bytes (tmp/corrupt)',
  partial: 'of downloads and pulls that nobody went on with',
};

function whyHeld({ why, cause, ...held }: NonNullable<GcView['held']>): string {
  const size = bytes(held.bytes);
  switch (why) {
    case 'no-remote':
      return `there is no remote, so nothing is known to have a copy elsewhere; --force would free ${size}`;
    case 'unreachable':
      return `no remote answered, so nothing is known to have a copy elsewhere (${oneLine(cause ?? '')}); --force would free ${size}`;
    case 'no-copy':
      return held.objects === 0
        ? `leftovers of ${size} lie nowhere else; --force would free them`
        : `${amount(held)} ${held.objects === 1 ? 'has' : 'have'} no verified copy elsewhere; --force would free ${held.objects === 1 ? 'it' : 'them'}`;
  }
}

const amount = (each: Amount): string => `${bytes(each.bytes)} in ${count(each.objects, 'object')}`;

const total = (amounts: readonly Amount[]): Amount => ({
  objects: amounts.reduce((sum, { objects }) => sum + objects, 0),
  bytes: amounts.reduce((sum, each) => sum + each.bytes, 0),
});

const amountCells = (each: Amount): readonly Cell[] => [
  { text: `  ${bytes(each.bytes)}`, right: true },
  { text: count(each.objects, 'object'), right: true },
];

const leftoverCells = ({ kind, count: n, bytes: size }: LeftoverAmount): readonly Cell[] => [
  { text: `  ${bytes(size)}`, right: true },
  { text: String(n), right: true },
  { text: LEFTOVERS[kind], loose: true },
];

function ageRange(newest: number, oldest: number, now: number): string {
  const [young, old] = [since(newest, now), since(oldest, now)];
  return young === old ? young : `${young} to ${old}`;
}

const since = (at: number, now: number): string => ago(new Date(at).toISOString(), now);

export const gcJson = (view: GcView): JsonObject => ({
  v: 1,
  dry: view.dry,
  kept: view.kept.map(({ by, objects, bytes: size }) => ({ by, objects, bytes: size })),
  unneeded: view.unneeded.map(({ stage, objects, bytes: size, newest, oldest }) => ({
    ...(stage !== undefined && { stage }),
    objects,
    bytes: size,
    newest: new Date(newest).toISOString(),
    oldest: new Date(oldest).toISOString(),
  })),
  leftovers: view.leftovers.map(({ kind, count: n, bytes: size }) => ({
    kind,
    count: n,
    bytes: size,
  })),
  moved: { ...amountJson(view.moved), ...(view.moved.id !== undefined && { id: view.moved.id }) },
  ...(view.held !== undefined && {
    held: {
      ...{ why: view.held.why, ...amountJson(view.held) },
      ...(view.held.cause !== undefined && { cause: view.held.cause }),
    },
  }),
  broughtBack: view.broughtBack,
  emptied: trashJson(view.emptied),
  trash: trashJson(view.trash),
});

const amountJson = ({ objects, bytes: size }: Amount) => ({ objects, bytes: size });
const trashJson = ({ ids, bytes: size }: TrashAmount) => ({ ids: [...ids], bytes: size });

export const gcUndoText = ({ id, leftovers, ...moved }: GcUndoView): string =>
  `${amount(moved)}${leftovers === 0 ? '' : ` and ${leftovers} of tmp`} are back from ${id}\n`;

export const gcUndoJson = (view: GcUndoView): JsonObject => ({
  v: 1,
  id: view.id,
  ...amountJson(view),
  leftovers: view.leftovers,
});

/** Bytes first, as `du` does. */
export function duText(view: DuView, style: Style): string {
  const row = (size: number, what: string, more = ''): readonly Cell[] => [
    { text: bytes(size), right: true },
    { text: oneLine(what) },
    { text: more, paint: style.faint },
  ];
  const objectRow = (each: Amount, what: string): readonly Cell[] =>
    row(each.bytes, what, count(each.objects, 'object'));
  const rows = [
    ...view.stages.map((each) => objectRow(each, `stage ${each.stage}`)),
    ...view.sources.map((each) => objectRow(each, `source ${each.path}`)),
    ...(view.shared.objects > 0 ? [objectRow(view.shared, 'shared by several of them')] : []),
    ...(view.unreferenced.objects > 0 ? [objectRow(view.unreferenced, 'named by no run')] : []),
    objectRow(view.objects, 'objects in all'),
  ];
  const parts = [
    ...(view.trash.ids.length > 0 ? [row(view.trash.bytes, 'trash', 'avian gc --undo')] : []),
    ...view.parts
      .filter(({ files }) => files > 0)
      .map(({ part, files, bytes: size }) => row(size, part, count(files, 'file'))),
  ];
  const workspace = view.workspace.map(({ path, stage, files, bytes: size }) =>
    row(size, path, `${count(files, 'file')}${stage === undefined ? '' : `, ${stage}`}`),
  );
  const section = (title: string, lines: readonly (readonly Cell[])[]): string =>
    lines.length === 0 ? '' : `${style.strong(title)}\n${table(lines)}`;
  return [
    section('objects', rows),
    section('beside them', parts),
    section('workspace', workspace),
  ].join('');
}

export const duJson = (view: DuView): JsonObject => ({
  v: 1,
  objects: amountJson(view.objects),
  stages: view.stages.map(({ stage, ...each }) => ({ stage, ...amountJson(each) })),
  sources: view.sources.map(({ path, ...each }) => ({ path, ...amountJson(each) })),
  shared: amountJson(view.shared),
  unreferenced: amountJson(view.unreferenced),
  trash: trashJson(view.trash),
  parts: view.parts.map(({ part, files, bytes: size }) => ({ part, files, bytes: size })),
  workspace: view.workspace.map(({ path, stage, files, bytes: size }) => ({
    path,
    ...(stage !== undefined && { stage }),
    files,
    bytes: size,
  })),
});
