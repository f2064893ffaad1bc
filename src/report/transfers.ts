import type { JsonObject } from '../model/json.ts';
import type {
  CloudPath,
  CloudView,
  PullView,
  PushView,
  RemotesView,
} from '../model/transfer-views.ts';
import { oneLine } from './describe.ts';
import { pathsJson, pathsText } from './paths.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { bytes, count } from './units.ts';

export function pushText(view: PushView, { strong }: Style): string {
  const to = `${view.remote.name} (${view.remote.url})`;
  const what = count(view.paths, 'path');
  if (view.kept) return `nothing to push: ${to} has ${what} whole\n`;
  if (view.objects === 0) {
    return view.dry ? `nothing to send: ${to} has it all\n` : `${to} had it all; ${what} noted\n`;
  }
  const amount = `${count(view.objects, 'object')}, ${bytes(view.bytes)}`;
  const uploads = `in ${count(view.uploads, 'upload')}`;
  return view.dry
    ? `would push ${strong(amount)} ${uploads} to ${to}\n`
    : `pushed ${strong(amount)} ${uploads} to ${to}\n`;
}

export const pushJson = (view: PushView): JsonObject => ({
  v: 1,
  remote: view.remote.name,
  url: view.remote.url,
  dry: view.dry,
  kept: view.kept,
  paths: view.paths,
  objects: view.objects,
  bytes: view.bytes,
  uploads: view.uploads,
  runs: view.runs,
});

export function pullText(view: PullView, style: Style): string {
  const from = `${view.remote.name} (${view.remote.url})`;
  const runs = view.runs > 0 ? `, ${count(view.runs, 'run')}` : '';
  const fetched =
    view.objects === 0 && view.runs === 0
      ? `nothing to fetch from ${from}\n`
      : `${view.dry ? 'would fetch' : 'fetched'} ${style.strong(`${count(view.objects, 'object')}, ${bytes(view.bytes)}${runs}`)} from ${from}\n`;
  const missing = view.missing
    .map((path) => `${style.warn('missing')} ${oneLine(path)}\n`)
    .join('');
  const restored =
    view.restored === undefined || view.restored.length === 0
      ? ''
      : pathsText({ paths: view.restored }, style);
  return fetched + missing + restored;
}

export const pullJson = (view: PullView): JsonObject => ({
  v: 1,
  remote: view.remote.name,
  url: view.remote.url,
  dry: view.dry,
  paths: view.paths,
  objects: view.objects,
  bytes: view.bytes,
  runs: view.runs,
  missing: view.missing,
  ...(view.restored !== undefined && {
    restored: pathsJson({ paths: view.restored })['paths'] ?? [],
  }),
});

const WHERE: { readonly [where in CloudPath['where']]: string } = {
  both: 'in both',
  cache: 'to push',
  remote: 'to pull',
  neither: 'nowhere',
};

export function cloudText({ paths, remote }: CloudView, style: Style): string {
  const differing = paths.filter(({ where }) => where !== 'both');
  if (differing.length === 0) {
    return `cache and ${remote.name} (${remote.url}) both have ${count(paths.length, 'path')} whole\n`;
  }
  return table(
    differing.map(({ path, where, size }): readonly Cell[] => [
      { text: WHERE[where], paint: where === 'neither' ? style.bad : style.warn },
      { text: oneLine(path) },
      { text: bytes(size), paint: style.faint },
    ]),
  );
}

export const cloudJson = ({ remote, paths }: CloudView): JsonObject => ({
  v: 1,
  remote: remote.name,
  url: remote.url,
  paths: paths.map(({ path, where, size }) => ({ path, where, size })),
});

export function remotesText({ remotes }: RemotesView, style: Style): string {
  if (remotes.length === 0) return 'no remotes\n';
  return table(
    remotes.map(({ name, url, endpoint, isDefault }): readonly Cell[] => [
      { text: name, ...(isDefault && { paint: style.strong }) },
      { text: oneLine(url) },
      { text: endpoint === undefined ? '' : oneLine(endpoint), paint: style.faint },
      { text: isDefault ? 'default' : '', paint: style.faint },
    ]),
  );
}

export const remotesJson = ({ remotes }: RemotesView): JsonObject => ({
  v: 1,
  remotes: remotes.map(({ name, url, endpoint, isDefault }) => ({
    name,
    url,
    ...(endpoint !== undefined && { endpoint }),
    default: isDefault,
  })),
});
