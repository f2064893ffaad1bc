import type { Diagnostic } from '../../model/diagnostic.ts';
import type { DvcNote } from '../../model/dvc.ts';
import type { Origin } from '../../model/lock.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { parseRepoPath, parseStageName, ROOT, type RepoPath } from '../../model/names.ts';
import { parseSource, type Source } from '../source.ts';
import type { Yaml } from '../yaml.ts';
import {
  withoutCredentials,
  readDvcFile,
  readDvcLock,
  type DvcEntry,
  type DvcFile,
  type DvcLockedStage,
} from './dvc-files.ts';
import { oldLock, oldStage } from './old-stage.ts';
import { writePipeline, type Planned } from './write-pipeline.ts';
import { objectOf, textOf } from './loose-json.ts';
import { createNoter, type Noter } from './notes.ts';
import { isExternal, translateStage } from './translate-stage.ts';
import { withoutTemplates } from './write-out.ts';
import { translateSections } from './translate-sections.ts';

export interface DvcTexts {
  /** dvc.yaml, *.dvc, .dvcignore files, relative to the root. */
  readonly files: readonly string[];
  readonly read: (path: string) => string | undefined;
}

/** A DVC project as one of ours, before anything is written or looked up in a cache. */
export interface TranslatedProject {
  /** Text of pipeline.yaml. */
  readonly pipeline: string;
  /** As declared: a template counts as one stage. */
  readonly stages: readonly {
    readonly name: string;
    readonly file: string;
    readonly was?: string;
  }[];
  /** What dvc.lock, or an old .dvc file, holds of a stage; members of templates by their own names. */
  readonly locked: readonly {
    readonly name: string;
    readonly file: string;
    readonly stage: DvcLockedStage;
  }[];
  readonly sources: readonly {
    readonly path: RepoPath;
    readonly file: string;
    readonly entry: DvcEntry;
    /** Where an URL's content came from, given its size: what `avian update` asks again. */
    readonly origin?: (size: number) => Origin;
  }[];
  /** Files of patterns, by the path they get. */
  readonly ignores: readonly { readonly path: string; readonly text: string }[];
}

/**
 * Reads DVC's files and says the same in ours. Texts that are no YAML are reported; what cannot be
 * said here is told, a note each.
 */
export function translateProject(
  yaml: Yaml,
  texts: DvcTexts,
  report: (diagnostic: Diagnostic) => void,
  tell: (note: DvcNote) => void,
): TranslatedProject {
  const names = new StageNames();
  const plans: Planned[] = [];
  const charts: JsonObject[] = [];
  const locked: TranslatedProject['locked'][number][] = [];
  const sources: TranslatedProject['sources'][number][] = [];
  let rootSource: Source | undefined;

  // The root first, so that its stages keep their names.
  const files = [...texts.files].sort((a, b) => depthOf(a) - depthOf(b));
  for (const file of files.filter((name) => /(^|\/)dvc\.yaml$/.test(name))) {
    const { source, diagnostics } = parseSource(yaml, file, texts.read(file) ?? '');
    diagnostics.forEach(report);
    if (source === undefined) continue;
    if (file === 'dvc.yaml') rootSource = source;
    addDvcYaml(source);
  }
  for (const file of files.filter((name) => /\.dvc$|(^|\/)Dvcfile$/.test(name))) addDvcFile(file);

  return {
    pipeline: writePipeline(yaml, rootSource, texts.read('dvc.yaml') ?? '', plans, charts),
    stages: plans.map(({ name, file, was }) => ({ name, file, ...(name !== was && { was }) })),
    locked,
    sources,
    ignores: files
      .filter((name) => /(^|\/)\.dvcignore$/.test(name))
      .map((name) => ({
        path: name.replace(/\.dvcignore$/, '.avianignore'),
        text: texts.read(name) ?? '',
      })),
  };

  function addDvcYaml(source: Source): void {
    const { file, value } = source;
    const document = isJsonObject(value) ? value : {};
    const folder = folderOf(file);
    const noter = createNoter(file, source.at, tell);
    const own: Planned[] = [];
    const declared =
      folder === ROOT
        ? objectOf(document['stages'])
        : withoutTemplates(yaml, source, folder, texts.read, noter);
    for (const [was, raw] of Object.entries(declared)) {
      if (!isJsonObject(raw)) continue;
      const body = raw['do'];
      const isOverList = isJsonObject(body);
      const before = isOverList ? body : raw;
      const within = isOverList ? ['do'] : [];
      const name = names.choose(was, folder);
      own.push({
        ...{ name, was, file, within, before },
        body: translateStage(before, folder, noter.within(['stages', was, ...within])),
      });
      if (name !== was) tellRenamed(was, name, noter);
    }
    charts.push(...translateSections(document, folder, own, noter));
    plans.push(...own);
    addLock(file, own);
  }

  function addLock(file: string, own: readonly Planned[]): void {
    const lockFile = file.replace(/dvc\.yaml$/, 'dvc.lock');
    const text = texts.read(lockFile);
    if (text === undefined) return;
    for (const [was, stage] of readDvcLock(yaml, lockFile, text, report)) {
      const [base = was, ...members] = was.split('@');
      const plan = own.find((each) => each.was === was) ?? own.find((each) => each.was === base);
      if (plan === undefined) continue;
      const suffix = plan.was === was ? '' : `@${members.join('@')}`;
      locked.push({ name: plan.name + suffix, file: lockFile, stage });
    }
  }

  function addDvcFile(file: string): void {
    const dvcFile = readDvcFile(yaml, file, texts.read(file) ?? '', report);
    const noter = createNoter(file, undefined, tell);
    const folder = folderOf(file);
    if (dvcFile.cmd.length > 0) {
      addOldStage(file, dvcFile, folder, noter);
      return;
    }
    const base = parseRepoPath(dvcFile.wdir, folder);
    for (const entry of dvcFile.outs) {
      const path = base && parseRepoPath(entry.path, base);
      if (path === undefined || isExternal(entry.path, base)) {
        noter.note(
          'import-dvc/external-out',
          [],
          `\`${entry.path}\` is not taken over: it lies outside the project`,
          'copy it into the project and `avian add` it',
        );
        continue;
      }
      const origin = originOf(dvcFile.deps);
      sources.push({ path, file, entry, ...(origin !== undefined && { origin }) });
      if (origin === undefined) tellOrigin(path, dvcFile.deps, noter);
    }
  }

  function addOldStage(file: string, dvcFile: DvcFile, folder: RepoPath, noter: Noter): void {
    const was = (file.split('/').at(-1) ?? file).replace(/\.dvc$/, '');
    const name = names.choose(was, folder);
    plans.push({
      ...{ name, was, file, within: [], before: {} },
      body: translateStage(oldStage(dvcFile), folder, noter),
    });
    if (name !== was) tellRenamed(was, name, noter);
    locked.push({ name, file, stage: oldLock(dvcFile) });
  }
}

const folderOf = (file: string): RepoPath =>
  (file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : ROOT) as RepoPath;
const depthOf = (file: string): number => file.split('/').length;

function tellRenamed(was: string, name: string, noter: Noter): void {
  const why =
    parseStageName(was) === undefined
      ? 'it is no name here'
      : 'all stages are in one pipeline.yaml';
  noter.note(
    'import-dvc/renamed',
    ['stages', was],
    `the stage \`${was}\` is called \`${name}\`: ${why}`,
    `say \`avian repro ${name}\`, or rename it in pipeline.yaml before anything runs`,
  );
}

/** `dvc import-url` of one file from the web, which `avian import-url` could have fetched as well. */
function originOf(deps: readonly DvcEntry[]): ((size: number) => Origin) | undefined {
  const [dep, ...others] = deps;
  if (dep === undefined || others.length > 0 || !/^https?:\/\//.test(dep.path)) return undefined;
  if (dep.fields['repo'] !== undefined) return undefined;
  // For the web DVC keeps the etag as a checksum; there it may also be an MD5 of the server's.
  const known = [dep.fields['etag'], dep.fields['checksum']].find(
    (text) => typeof text === 'string' && /^(W\/)?".*"$/.test(text),
  );
  return (size) => ({
    url: withoutCredentials(dep.path),
    ...(typeof known === 'string' && { etag: known }),
    size,
  });
}

function tellOrigin(path: RepoPath, deps: readonly DvcEntry[], noter: Noter): void {
  for (const { path: from, fields } of deps) {
    const repo = isJsonObject(fields['repo']) ? fields['repo'] : undefined;
    const origin =
      repo === undefined ? from : `${from} of ${textOf(repo['url'])} (${textOf(repo['rev_lock'])})`;
    noter.note(
      'import-dvc/imported-data',
      [],
      `\`${path}\` was imported from ${origin}; it is kept as it is, as raw data`,
      'avian does not follow the origin: fetch a newer version there and `avian add` it',
    );
  }
}

/** Stage names that are legal here and used once. */
class StageNames {
  readonly #used = new Set<string>();

  /** A stage of the root keeps its name; one of `a/b/dvc.yaml` is called `a.b.name`. */
  choose(was: string, folder: RepoPath): string {
    const parts = [...(folder === ROOT ? [] : folder.split('/')), was];
    const legal = parts.map((part) => part.replaceAll(/[^A-Za-z0-9_@-]/g, '_')).join('.');
    const wanted = parseStageName(legal) ?? `_${legal}`;
    let name = wanted;
    for (let number = 2; this.#used.has(name); number += 1) name = `${wanted}_${number}`;
    this.#used.add(name);
    return name;
  }
}
