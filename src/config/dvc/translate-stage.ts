import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { parseRepoPath, type RepoPath } from '../../model/names.ts';
import { commandLines } from './dvc-files.ts';
import { listOf, textOf } from './loose-json.ts';
import type { Noter } from './notes.ts';

/** Fields of a stage that mean the same here; those not listed are told and left out. */
const SAME = new Set(
  ['cmd', 'wdir', 'desc', 'deps', 'params', 'outs', 'metrics', 'plots', 'vars', 'matrix'].concat([
    ...['frozen', 'always_changed', 'meta'],
  ]),
);
const OUT_FIELDS = ['cache', 'push', 'persist', 'desc', 'type', 'meta'];
const PLOT_FIELDS = [...OUT_FIELDS, 'template', 'x', 'y', 'x_label', 'y_label', 'title', 'header'];

/**
 * A stage of a dvc.yaml in `folder` as one of ours at the root: fields that mean the same stay as
 * they are written, templates included, and only what differs is another value.
 */
export function translateStage(raw: JsonObject, folder: RepoPath, noter: Noter): JsonObject {
  const wdir = wdirOf(raw['wdir'], folder);
  const base = wdir !== undefined && isTemplate(wdir) ? undefined : parseRepoPath(wdir ?? '.');
  const params = translateParams(listOf(raw['params']), noter);
  const deps = [
    ...listOf(raw['deps']).filter((dep, at) => isInside(dep, base, noter, ['deps', at], 'dep')),
    ...params.files,
  ];
  const outs = (field: 'outs' | 'metrics' | 'plots', known: readonly string[]) =>
    listOf(raw[field]).flatMap((out, at) => translateOut(out, base, known, noter, [field, at]));
  const translated: Record<string, JsonValue> = {};
  for (const [field, value] of Object.entries(raw)) {
    if (SAME.has(field)) translated[field] = value;
    else noter.note('import-dvc/unknown-field', [field], ...unknownField(field));
  }
  const cmd = translateCmd(raw['cmd']);
  const changed = {
    ...(cmd !== undefined && { cmd }),
    ...(wdir !== undefined && { wdir }),
    ...(('deps' in raw || deps.length > 0) && { deps }),
    ...('params' in raw && { params: params.kept }),
    ...('outs' in raw && { outs: outs('outs', OUT_FIELDS) }),
    ...('metrics' in raw && { metrics: outs('metrics', OUT_FIELDS) }),
    ...('plots' in raw && { plots: outs('plots', PLOT_FIELDS) }),
  };
  return { ...translated, ...changed };
}

const unknownField = (field: string): readonly [string, string] => [
  `the field \`${field}\` is not taken over: avian has none like it`,
  field === 'live'
    ? 'declare what DVCLive writes under `outs` and `metrics`'
    : 'keep it under `meta` if people read it',
];

/** DVC runs a text line by line and stops at a failure; `sh -c` of all of it would go on. */
function translateCmd(cmd: JsonValue | undefined): JsonValue | undefined {
  if (typeof cmd !== 'string') return cmd;
  const lines = commandLines(cmd);
  return lines.length > 1 ? lines : cmd;
}

/** Where DVC runs a stage; undefined for the root. */
function wdirOf(raw: JsonValue | undefined, folder: RepoPath): string | undefined {
  const own = typeof raw === 'string' && raw !== '.' ? raw : undefined;
  if (folder === '.') return own;
  if (own === undefined) return folder;
  return isTemplate(own) ? `${folder}/${own}` : (parseRepoPath(own, folder) ?? `${folder}/${own}`);
}

/** Files of parameters that avian does not parse become deps: the stage runs when anything in them changes. */
function translateParams(
  params: readonly JsonValue[],
  noter: Noter,
): { readonly kept: readonly JsonValue[]; readonly files: readonly string[] } {
  const files: string[] = [];
  const kept = params.flatMap((entry, at): readonly JsonValue[] => {
    if (!isJsonObject(entry)) return [entry];
    const readable = Object.entries(entry).filter(([file]) => {
      if (isTemplate(file) || /\.(ya?ml|json)$/.test(file)) return true;
      files.push(file);
      noter.note(
        'import-dvc/params-format',
        ['params', at, file],
        `\`${file}\` is neither YAML nor JSON, so it became a dep as a whole`,
        'move the parameters to a YAML or JSON file to depend on single keys again',
      );
      return false;
    });
    return readable.length === 0 ? [] : [Object.fromEntries(readable)];
  });
  return { kept, files };
}

function translateOut(
  out: JsonValue,
  base: RepoPath | undefined,
  known: readonly string[],
  noter: Noter,
  at: readonly [string, number],
): readonly JsonValue[] {
  if (!isJsonObject(out)) return isInside(out, base, noter, at, 'out') ? [out] : [];
  return Object.entries(out).flatMap(([path, about]): readonly JsonValue[] => {
    if (!isInside(path, base, noter, [...at, path], 'out')) return [];
    const fields = outFields(about, known, noter.within([...at, path]));
    return [Object.keys(fields).length === 0 ? path : { [path]: fields }];
  });
}

function outFields(about: JsonValue, known: readonly string[], noter: Noter): JsonObject {
  if (Array.isArray(about)) {
    noter.note(
      'import-dvc/several-plots',
      [],
      'of several plots of one file only the first is taken over',
      'draw the others with the tool you draw with; avian keeps the file',
    );
    return outFields(listOf(about)[0] ?? {}, known, noter);
  }
  if (!isJsonObject(about)) return {};
  const fields: Record<string, JsonValue> = {};
  for (const [field, value] of Object.entries(about)) {
    if (known.includes(field)) fields[field] = value;
    else if (field === 'remote') {
      noter.note(
        'import-dvc/remote-field',
        [field],
        `\`remote: ${textOf(value)}\` is not taken over: an out has no remote of its own`,
        '`push: false` keeps an out out of every remote',
      );
    } else if (field !== 'labels') {
      noter.note('import-dvc/unknown-field', [field], ...unknownField(field));
    }
  }
  return withLabels(fields, about['labels'], noter);
}

/** Labels are kept where people look for what tools do not read. */
export function withLabels(
  fields: JsonObject,
  labels: JsonValue | undefined,
  noter: Noter,
): JsonObject {
  if (labels === undefined) return fields;
  const meta = fields['meta'] ?? {};
  if (isJsonObject(meta)) return { ...fields, meta: { ...meta, labels } };
  const message = '`labels` are not taken over: `meta` is no mapping that could hold them';
  noter.note('import-dvc/labels', ['labels'], message, 'make `meta` a mapping and add them');
  return fields;
}

function isInside(
  path: JsonValue,
  base: RepoPath | undefined,
  noter: Noter,
  at: readonly (string | number)[],
  role: 'dep' | 'out',
): boolean {
  if (typeof path !== 'string' || !isExternal(path, base)) return true;
  const hint =
    role === 'dep'
      ? 'give the stage a `probe` that prints a version of it, or `avian add` a copy'
      : 'let the stage write inside the project, or give it `effect: true` and a `probe`';
  noter.note(
    role === 'dep' ? 'import-dvc/external-dep' : 'import-dvc/external-out',
    at,
    `the ${role} \`${path}\` is not taken over: it lies outside the project`,
    hint,
  );
  return false;
}

/** An URL, an absolute path, or one that leaves the project; never a template, whose value is not known here. */
export const isExternal = (path: string, base: RepoPath | undefined): boolean =>
  !isTemplate(path) &&
  (/^[A-Za-z][\w+.-]*:\/\//.test(path) ||
    path.startsWith('/') ||
    (base !== undefined && !/[\0\\]/.test(path) && parseRepoPath(path, base) === undefined));

export const isTemplate = (text: string): boolean => text.includes('${');
