import type { Document, Node, Scalar } from 'yaml';
import { isJsonObject } from '../model/json.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { contains, parseRepoPath, ROOT, type RepoPath } from '../model/names.ts';
import { rangeOf, requoted, type Splice } from './yaml-splice.ts';
import type { Yaml } from './yaml.ts';

/** Where a stage names paths: in lists of texts, or of mappings that have the path as a key. */
const FIELDS = ['deps', 'outs', 'metrics', 'plots', 'params'] as const;

type Renamed = (text: string) => string;

/** What has to be written instead of every path at `from`, or inside it, and what the file says then. */
export function movedPaths(
  yaml: Yaml,
  document: Document,
  value: JsonObject,
  from: RepoPath,
  to: RepoPath,
  text: string,
): { readonly splices: readonly Splice[]; readonly expected: JsonValue } {
  const stages = isJsonObject(value['stages']) ? value['stages'] : {};
  const nodes = document.get('stages');
  const splices = new Map<number, Splice>();
  const edited = Object.entries(stages).map(([name, stage]) => {
    if (!isJsonObject(stage)) return [name, stage] as const;
    const wdir = typeof stage['wdir'] === 'string' ? parseRepoPath(stage['wdir']) : ROOT;
    const renamed: Renamed = (path) => renamePath(path, wdir ?? ROOT, from, to);
    const node = yaml.isMap(nodes) ? nodes.get(name, true) : undefined;
    for (const field of FIELDS) {
      const list = yaml.isMap(node) ? node.get(field, true) : undefined;
      for (const scalar of pathsIn(yaml, list, field)) {
        const path = scalar.value as string;
        if (renamed(path) === path) continue;
        const place = rangeOf(scalar);
        splices.set(place.start, { ...place, text: requoted(text, scalar, renamed(path)) });
      }
    }
    return [name, withFields(stage, renamed)] as const;
  });
  const renamedCharts: Renamed = (path) => renamePath(path, ROOT, from, to);
  for (const scalar of chartPathsIn(yaml, document.get('plots'))) {
    const path = scalar.value as string;
    if (renamedCharts(path) === path) continue;
    const place = rangeOf(scalar);
    splices.set(place.start, { ...place, text: requoted(text, scalar, renamedCharts(path)) });
  }
  const { plots } = value;
  return {
    splices: [...splices.values()],
    expected: {
      ...value,
      stages: Object.fromEntries<JsonValue>(edited),
      ...(Array.isArray(plots) && { plots: withCharts(plots as JsonValue[], renamedCharts) }),
    },
  };
}

/** Scalars of the top level's plots that are paths. What a chart is called is none where its `y` says which files. */
function* chartPathsIn(yaml: Yaml, list: unknown): Generator<Scalar & Node> {
  if (!yaml.isSeq(list)) return;
  for (const item of list.items as readonly unknown[]) {
    if (yaml.isScalar(item) && typeof item.value === 'string') yield item;
    if (!yaml.isMap(item)) continue;
    for (const { key, value: about } of item.items) {
      const [x, y] = yaml.isMap(about) ? [about.get('x', true), about.get('y', true)] : [];
      const axes = [x, y].flatMap((axis) => (yaml.isMap(axis) ? axis.items : []));
      const paths = [...(yaml.isMap(y) ? [] : [key]), ...axes.map((pair) => pair.key)];
      for (const path of paths) {
        if (yaml.isScalar(path) && typeof path.value === 'string') yield path;
      }
    }
  }
}

function withCharts(charts: readonly JsonValue[], renamed: Renamed): readonly JsonValue[] {
  const byFile = (fields: JsonValue): JsonValue =>
    isJsonObject(fields)
      ? Object.fromEntries(Object.entries(fields).map(([file, field]) => [renamed(file), field]))
      : fields;
  const chart = (id: string, about: JsonValue): [string, JsonValue] => {
    if (!isJsonObject(about)) return [renamed(id), about];
    const { x, y } = about;
    const fields = {
      ...about,
      ...(x !== undefined && { x: byFile(x) }),
      ...(y !== undefined && { y: byFile(y) }),
    };
    return [isJsonObject(y) ? id : renamed(id), fields];
  };
  return charts.map((item) => {
    if (typeof item === 'string') return renamed(item);
    if (!isJsonObject(item)) return item;
    return Object.fromEntries(Object.entries(item).map(([id, about]) => chart(id, about)));
  });
}

/** Scalars that are paths. A bare text in `params` is a key. */
function* pathsIn(yaml: Yaml, list: unknown, field: string): Generator<Scalar & Node> {
  if (!yaml.isSeq(list)) return;
  for (const item of list.items as readonly unknown[]) {
    if (yaml.isScalar(item) && typeof item.value === 'string' && field !== 'params') yield item;
    if (!yaml.isMap(item)) continue;
    for (const { key } of item.items as readonly { readonly key: unknown }[]) {
      if (yaml.isScalar(key) && typeof key.value === 'string') yield key;
    }
  }
}

function withFields(stage: JsonObject, renamed: Renamed): JsonObject {
  const fields = FIELDS.flatMap((field) => {
    const list = stage[field];
    if (!Array.isArray(list)) return [];
    const items = (list as readonly JsonValue[]).map((item): JsonValue => {
      if (typeof item === 'string') return field === 'params' ? item : renamed(item);
      if (!isJsonObject(item)) return item;
      return Object.fromEntries(
        Object.entries(item).map(([path, about]) => [renamed(path), about]),
      );
    });
    return [[field, items] as const];
  });
  return { ...stage, ...Object.fromEntries(fields) };
}

/** The text for a path after the move, relative to `wdir` as before; unchanged when it is another path. */
function renamePath(text: string, wdir: RepoPath, from: RepoPath, to: RepoPath): string {
  const path = parseRepoPath(text, wdir);
  if (path === undefined || !contains(from, path)) return text;
  const moved = path === from ? to : `${to}${path.slice(from.length)}`;
  return relativeTo(wdir, moved);
}

function relativeTo(wdir: RepoPath, path: string): string {
  if (wdir === ROOT) return path;
  const [base, target] = [wdir.split('/'), path.split('/')];
  let shared = 0;
  while (shared < base.length && base[shared] === target[shared]) shared += 1;
  return [...base.slice(shared).map(() => '..'), ...target.slice(shared)].join('/');
}
