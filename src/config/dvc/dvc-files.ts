import type { Diagnostic } from '../../model/diagnostic.ts';
import type { DvcHash } from '../../model/dvc.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { parseSource } from '../source.ts';
import type { Yaml } from '../yaml.ts';
import { listOf, objectOf, textOf } from './loose-json.ts';

/*
 * DVC's own files as values: dvc.lock of all versions, .dvc files (which until DVC 1.0 were stages
 * too), .dvc/config. What is not of their shape is left out, since DVC wrote them and the importer
 * tells what it misses.
 */

/** A dep or out as DVC has it on record; `path` is relative to the stage's `wdir`. */
export interface DvcEntry {
  readonly path: string;
  /** Absent for what was never hashed by MD5: an URL's etag, a dep that was never run. */
  readonly hash?: DvcHash;
  readonly executable: boolean;
  /** All that the file says of it. */
  readonly fields: JsonObject;
}

/** What dvc.lock holds of a stage: its command and contents at its last run. */
export interface DvcLockedStage {
  readonly cmd: readonly string[];
  readonly deps: readonly DvcEntry[];
  /** By file relative to `wdir`, by dotted key. */
  readonly params: { readonly [file: string]: JsonObject };
  readonly outs: readonly DvcEntry[];
}

/** A .dvc file. With `cmd` it is a stage of DVC before 1.0. */
export interface DvcFile {
  readonly wdir: string;
  readonly frozen: boolean;
  readonly cmd: readonly string[];
  readonly deps: readonly DvcEntry[];
  readonly outs: readonly DvcEntry[];
  readonly fields: JsonObject;
}

export interface DvcConfig {
  /** `cache.dir` as written; relative to the folder of the configuration. */
  readonly cacheDir?: string;
  readonly remotes: readonly { readonly name: string; readonly url: string }[];
}

type Report = (diagnostic: Diagnostic) => void;

/** Stages by the names they have in dvc.lock. Before schema 2.0 (DVC 1.x) they were the whole file. */
export function readDvcLock(
  yaml: Yaml,
  file: string,
  text: string,
  report: Report,
): ReadonlyMap<string, DvcLockedStage> {
  const value = valueOf(yaml, file, text, report);
  const stages = isJsonObject(value['stages']) && 'schema' in value ? value['stages'] : value;
  return new Map(
    Object.entries(stages).flatMap(([name, raw]) =>
      isJsonObject(raw) ? [[name, lockedStage(raw)] as const] : [],
    ),
  );
}

function lockedStage(raw: JsonObject): DvcLockedStage {
  return {
    cmd: commandLines(raw['cmd']),
    deps: entries(raw['deps']),
    params: paramsByFile(raw['params']),
    outs: entries(raw['outs']),
  };
}

const paramsByFile = (raw: JsonValue | undefined): { readonly [file: string]: JsonObject } =>
  Object.fromEntries(
    Object.entries(objectOf(raw)).flatMap(([file, values]) =>
      isJsonObject(values) ? [[file, values] as const] : [],
    ),
  );

export function readDvcFile(yaml: Yaml, file: string, text: string, report: Report): DvcFile {
  const value = valueOf(yaml, file, text, report);
  const { wdir, frozen, locked, cmd } = value;
  return {
    wdir: typeof wdir === 'string' ? wdir : '.',
    frozen: frozen === true || locked === true,
    cmd: commandLines(cmd),
    deps: entries(value['deps']),
    outs: entries(value['outs']),
    fields: value,
  };
}

/** DVC runs a text line by line, and stops at the first line that fails. */
export const commandLines = (cmd: JsonValue | undefined): readonly string[] =>
  typeof cmd === 'string'
    ? cmd.split('\n').filter((line) => line.trim() !== '')
    : listOf(cmd).map(textOf);

function entries(raw: JsonValue | undefined): readonly DvcEntry[] {
  return listOf(raw).flatMap((entry): readonly DvcEntry[] => {
    if (!isJsonObject(entry) || typeof entry['path'] !== 'string') return [];
    const hash = hashOf(entry);
    return [
      {
        path: entry['path'],
        ...(hash !== undefined && { hash }),
        executable: entry['isexec'] === true,
        fields: entry,
      },
    ];
  });
}

function hashOf({ md5, hash }: JsonObject): DvcHash | undefined {
  const [, hex, suffix] = /^([0-9a-f]{32})(\.dir)?$/.exec(typeof md5 === 'string' ? md5 : '') ?? [];
  if (hex === undefined) return undefined;
  return { md5: hex, directory: suffix !== undefined, legacy: hash !== 'md5' };
}

function valueOf(yaml: Yaml, file: string, text: string, report: Report): JsonObject {
  const { source, diagnostics } = parseSource(yaml, file, text);
  diagnostics.forEach(report);
  return isJsonObject(source?.value) ? source.value : {};
}

/** `.dvc/config` and, over it, `.dvc/config.local`: git's format, with sections such as `['remote "name"']`. */
export function readDvcConfig(...texts: readonly string[]): DvcConfig {
  const remotes = new Map<string, string>();
  let cacheDir: string | undefined;
  for (const text of texts) {
    let section = '';
    for (const line of text.split('\n').map((each) => each.trim())) {
      const [, header] = /^\[(.*)\]$/.exec(line) ?? [];
      if (header !== undefined) section = header.replaceAll("'", '').trim();
      const [, key, value = ''] = /^([\w-]+)\s*=\s*(.*)$/.exec(line) ?? [];
      if (section === 'cache' && key === 'dir') cacheDir = value;
      const [, remote] = /^remote "(.*)"$/.exec(section) ?? [];
      if (remote !== undefined && key === 'url') remotes.set(remote, withoutCredentials(value));
    }
  }
  return {
    ...(cacheDir !== undefined && cacheDir !== '' && { cacheDir }),
    remotes: [...remotes].map(([name, url]) => ({ name, url })),
  };
}

export const withoutCredentials = (url: string): string => url.replace(/^(\w+:\/\/)[^/@]*@/, '$1');
