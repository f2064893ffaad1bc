import type {
  FsckView,
  Pile,
  RemoteFsckView,
  RemoteGcView,
  RootView,
} from '../model/care-views.ts';
import type { JsonObject } from '../model/json.ts';
import { oneLine } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { ago, bytes, count, duration } from './units.ts';

/** What a remote keeps and why, then what goes, then what to do next. */
export function remoteGcText(view: RemoteGcView, style: Style, now: number): string {
  const { remote, dry, roots, staying, condemned, waiting, deleted, moved, lost } = view;
  const kept = roots.filter(({ isDropped }) => !isDropped);
  const spare = staying.bytes - staying.needed;
  const lines = [
    `${remote.name} (${remote.url}) keeps ${count(kept.length, 'root')}: ${bytes(staying.bytes)} in ${staying.holders} packs and blobs` +
      `${spare > 0 && staying.bytes > 0 ? `, ${bytes(staying.needed)} of it needed` : ''}\n`,
    table(roots.map((root) => rootCells(root, style, now))),
  ];
  const verb = (done: string, would: string): string => (dry ? would : done);
  if (deleted.names > 0) {
    lines.push(style.good(`${verb('deleted', 'to be deleted now:')} ${pile(deleted)}\n`));
  }
  if (moved.objects > 0) {
    lines.push(
      `${verb('copied', 'to be copied first:')} ${count(moved.objects, 'needed object')}, ${bytes(moved.bytes)}, out of packs that go\n`,
    );
  }
  for (const each of waiting) {
    lines.push(
      `${pile(each)} ${each.names === 1 ? 'is' : 'are'} condemned; ${when(each.until, now)}\n`,
    );
  }
  if (condemned.names > 0) {
    const grace = duration(view.graceMs);
    lines.push(
      dry
        ? `nothing needs ${style.strong(pile(condemned))}; --force condemns it, and deletes it when called ${grace} later\n`
        : `condemned ${style.strong(pile(condemned))}; \`avian gc --remote --force\` deletes it from ${grace} on\n`,
    );
  } else if (deleted.names === 0 && waiting.length === 0) lines.push('nothing to collect\n');
  if (lost.length > 0) {
    lines.push(
      style.bad(
        `${count(lost.length, 'object')} that a commit needs ${lost.length === 1 ? 'is' : 'are'} not there; where a cache has them: \`avian fsck --remote --repair\`\n`,
      ),
    );
  }
  return lines.join('');
}

const pile = ({ names, bytes: size }: Pile): string =>
  `${bytes(size)} in ${count(names, 'object')} of the bucket`;

const when = (until: number, now: number): string =>
  `\`avian gc --remote --force\` deletes it in ${duration(Math.max(0, until - now))}`;

const rootCells = (root: RootView, style: Style, now: number): readonly Cell[] => [
  { text: `  ${root.commit?.slice(0, 12) ?? `(no commit) ${root.id.slice(0, 12)}`}` },
  { text: oneLine(root.by) },
  { text: ago(root.at, now), paint: style.faint },
  { text: count(root.paths, 'path'), right: true },
  { text: count(root.runs, 'run'), right: true },
  { text: root.isDropped ? 'dropped' : '', paint: style.warn },
];

export const remoteGcJson = (view: RemoteGcView): JsonObject => ({
  v: 1,
  remote: view.remote.name,
  url: view.remote.url,
  dry: view.dry,
  roots: view.roots.map(({ id, commit, by, at, paths, runs, isDropped }) => ({
    ...{ id, ...(commit !== undefined && { commit }), by, at, paths, runs, dropped: isDropped },
  })),
  staying: { ...view.staying },
  condemned: { ...view.condemned },
  waiting: view.waiting.map(({ names, bytes: size, until }) => ({
    ...{ names, bytes: size, until: new Date(until).toISOString() },
  })),
  deleted: { ...view.deleted },
  moved: { ...view.moved },
  lost: view.lost,
});

const SHOWN = 20;

/** At most so many of a list that may be endless. */
const some = (lines: readonly string[]): string =>
  lines.slice(0, SHOWN).join('') +
  (lines.length > SHOWN ? `  and ${count(lines.length - SHOWN, 'other')}; --json has all\n` : '');

export function fsckText(view: FsckView, style: Style): string {
  const { objects, bytes: size, wrong, missing, healed, repair, absent, runs } = view;
  const isHealed = new Set(healed);
  const line =
    (what: string) =>
    (digest: string): string =>
      isHealed.has(digest as FsckView['healed'][number])
        ? `  ${style.good('healed')} ${digest} (${what})\n`
        : `  ${style.bad(what)} ${digest}\n`;
  const damaged = wrong.length + missing.length;
  const left = damaged - healed.length;
  const lines = [
    `read ${count(objects, 'object')}, ${bytes(size)}: ${damaged === 0 ? 'all sound' : `${damaged} damaged`}\n`,
    some([...wrong.map(line('wrong bytes')), ...missing.map(line('missing'))]),
  ];
  if (left > 0 && !repair) lines.push('`avian fsck --repair` brings them from the remote\n');
  if (left > 0 && repair) {
    lines.push(
      style.warn(
        `${count(left, 'object')} could not be healed: ${view.unhealedBecause ?? 'the remote does not have them'}; \`avian repro\` makes anew what stages made\n`,
      ),
    );
  }
  if (absent.length > 0) {
    lines.push(
      `not in the cache: ${absent.slice(0, 5).map(oneLine).join(', ')}${absent.length > 5 ? ` and ${absent.length - 5} more` : ''}; \`avian pull\` brings what was pushed\n`,
    );
  }
  lines.push(
    style.faint(`${runs.restorable} of ${count(runs.known, 'run')} can be restored from here\n`),
  );
  return lines.join('');
}

export const fsckJson = (view: FsckView): JsonObject => ({
  v: 1,
  ...{ repair: view.repair, objects: view.objects, bytes: view.bytes },
  ...{ wrong: view.wrong, missing: view.missing, healed: view.healed },
  ...(view.unhealedBecause !== undefined && { unhealedBecause: view.unhealedBecause }),
  absent: view.absent,
  runs: { ...view.runs },
});

export function remoteFsckText(view: RemoteFsckView, style: Style): string {
  const { remote, repair, holders, bytes: size, roots, damages, lost, healed, unhealed } = view;
  const lines = [
    `read ${bytes(size)} in ${holders} packs and blobs of ${remote.name} (${remote.url}), kept by ${count(roots, 'root')}: ${damages.length + lost === 0 ? 'all sound' : `${damages.length} damaged`}\n`,
    some(
      damages.map(
        ({ name, cause, objects }) =>
          `  ${style.bad(oneLine(name))}: ${oneLine(cause)}${objects > 0 ? ` (${count(objects, 'object')})` : ''}\n`,
      ),
    ),
  ];
  if (healed > 0) lines.push(style.good(`healed ${count(healed, 'object')} from the cache\n`));
  if (repair && lost === 0 && damages.length > 0) {
    lines.push('no commit needs what was damaged; it is named no more\n');
  }
  if (!repair && damages.length + lost > 0) {
    lines.push(
      `${lost === 0 ? 'no object' : count(lost, 'object')} that a commit needs ${lost <= 1 ? 'is' : 'are'} lost there; \`avian fsck --remote --repair\` heals what the cache has\n`,
    );
  } else if (unhealed.length > 0) {
    lines.push(
      style.warn(
        `${count(unhealed.length, 'object')} could not be healed; whoever has them: \`avian fsck --remote --repair\`\n`,
      ),
      some(
        unhealed.map(
          ({ digest, path, commit }) =>
            `  ${digest}${path === undefined ? '' : ` in ${oneLine(path)}`}${commit === undefined ? '' : ` of commit ${oneLine(commit).slice(0, 12)}`}\n`,
        ),
      ),
    );
  }
  return lines.join('');
}

export const remoteFsckJson = (view: RemoteFsckView): JsonObject => ({
  v: 1,
  ...{ remote: view.remote.name, url: view.remote.url, repair: view.repair },
  ...{ roots: view.roots, holders: view.holders, bytes: view.bytes },
  damages: view.damages.map((each) => ({ ...each })),
  ...{ lost: view.lost, healed: view.healed },
  unhealed: view.unhealed.map((each) => ({ ...each })),
});
