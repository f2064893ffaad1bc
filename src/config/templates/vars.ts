import type { Diagnostic } from '../../model/diagnostic.ts';
import { didYouMean } from '../../model/did-you-mean.ts';
import { isJsonObject } from '../../model/json.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { parseRepoPath, ROOT } from '../../model/names.ts';
import type { RepoPath } from '../../model/names.ts';
import type { Code } from '../codes.ts';
import { diagnose, nameOfType, parseMapping } from '../source.ts';
import type { Locator, ValuePath } from '../source.ts';
import type { Place } from '../text-places.ts';
import type { Yaml } from '../yaml.ts';
import type { Moves } from './moves.ts';
import { AS_FIELD, resolveText, resolveValue } from './resolve.ts';
import { Pending, pendingVariables, Scope, UNKNOWN } from './scope.ts';
import type { Known } from './scope.ts';
import { shown } from './words.ts';

/** What reading `vars` needs beside its text; one for a whole pipeline, since a file is parsed once. */
export interface VarsReader {
  /** The mapping in a file; undefined when there is a problem, which is reported at its first asking. */
  mapping(file: RepoPath, place: Place): JsonObject | undefined;
  readonly moves: Moves;
  readonly report: (diagnostic: Diagnostic) => void;
}

/** Parses files for `vars`, each once. */
export function createVarsReader(
  yaml: Yaml,
  read: (path: string) => string | undefined,
  list: (directory: string) => readonly string[],
  moves: Moves,
  report: (diagnostic: Diagnostic) => void,
): VarsReader {
  const files = new Map<RepoPath, JsonObject | undefined>();
  return {
    moves,
    report,
    mapping(file, place) {
      if (!files.has(file)) files.set(file, load(file, place));
      return files.get(file);
    },
  };

  function load(file: RepoPath, place: Place): JsonObject | undefined {
    if (!/\.(ya?ml|json)$/.test(file)) {
      const message = `\`${file}\` cannot be read for variables: it is neither YAML nor JSON`;
      report(diagnose('params/unsupported-format', message, place));
      return undefined;
    }
    const text = read(file);
    if (text === undefined) {
      const slash = file.lastIndexOf('/');
      const near = didYouMean(
        file.slice(slash + 1),
        list(slash < 0 ? '.' : file.slice(0, slash)).filter((name) => /\.(ya?ml|json)$/.test(name)),
      );
      report(diagnose('vars/missing-file', `there is no \`${file}\``, place, near));
      return undefined;
    }
    return parseMapping(yaml, file, text, report);
  }
}

export interface VarsPlace {
  /** `pipeline.yaml`, or ``stage `train` ``: who declares them. */
  readonly owner: string;
  /** Files are relative to it. */
  readonly wdir: RepoPath;
  /** Places relative to the list. */
  readonly at: Locator;
  /** Names that cannot be defined here. */
  readonly reserved: readonly string[];
}

/**
 * The scope that a list of `vars` makes: `file`, `file:key,key` and mappings, over what `outer` has.
 * As in DVC nothing is redefined, mappings are merged, and the same file may come twice. Texts of
 * mappings may use other variables.
 */
export function readVars(
  entries: JsonValue,
  outer: Scope,
  where: VarsPlace,
  reader: VarsReader,
): Scope {
  const scope = new Scope(outer);
  const { owner, at } = where;
  if (!Array.isArray(entries)) {
    const message = `\`vars\` of ${owner} has to be a list, not ${nameOfType(entries)}`;
    const hint = 'each entry is `- file.yaml`, `- file.yaml:key,key` or `- name: value`';
    reader.report(diagnose('pipeline/wrong-type', message, at.value([]), hint));
    scope.markIncomplete();
    return scope;
  }
  const pendings: Pending[] = [];
  const loaded = scope.files;
  for (const [i, entry] of (entries as readonly JsonValue[]).entries()) {
    if (typeof entry === 'string') addFile(entry, i);
    else if (isJsonObject(entry)) addMapping(entry, i);
    else {
      const message = `\`vars[${i}]\` of ${owner} has to be a file or a mapping, not ${nameOfType(entry)}`;
      reader.report(diagnose('pipeline/wrong-type', message, at.value([i])));
      scope.markIncomplete();
    }
  }
  // Also what nobody asks for: a cycle is a mistake wherever it is.
  for (const pending of pendings) pending.settle();
  return scope;

  function addMapping(entry: JsonObject, i: number): void {
    const variables = pendingVariables(entry, (written, path) => {
      const pending = createPending(written, [i, ...path]);
      pendings.push(pending);
      return pending;
    });
    define(`\`vars[${i}]\``, variables, (key) => at.key([i, ...key.split('.')]));
  }

  function addFile(entry: string, i: number): void {
    const place = at.value([i]);
    const resolved = resolveText(entry, place, false, { ...reader, scope, at });
    if (typeof resolved !== 'string') {
      scope.markIncomplete();
      return;
    }
    const [, name = '', list] = /^([^:]*)(?::(.*))?$/s.exec(resolved) ?? [];
    const keys = list?.split(',').filter((key) => key !== '') ?? [];
    const file = parseRepoPath(name, where.wdir);
    if (file === undefined || file === ROOT) {
      const message = `a file of variables cannot be \`${name}\``;
      reader.report(diagnose('pipeline/outside-project', message, place));
      scope.markIncomplete();
      return;
    }
    const before = loaded.get(file);
    if (before === 'whole') return;
    const mapping = reader.mapping(file, place);
    if (mapping === undefined) scope.markIncomplete();
    else if (keys.length === 0) {
      define(`\`${file}\``, without(mapping, before), () => place);
      loaded.set(file, 'whole');
    } else {
      const chosen = keys.filter((key) => before?.has(key) !== true);
      define(`\`${file}\``, choose(mapping, chosen, file, place), () => place);
      loaded.set(file, new Set([...(before ?? []), ...keys]));
    }
  }

  function choose(
    mapping: JsonObject,
    keys: readonly string[],
    file: RepoPath,
    place: Place,
  ): JsonObject {
    const missing = keys.filter((key) => !Object.hasOwn(mapping, key));
    for (const key of missing) {
      const hint = didYouMean(key, Object.keys(mapping));
      reader.report(diagnose('vars/missing-key', `\`${file}\` has no \`${key}\``, place, hint));
      scope.markIncomplete();
    }
    return Object.fromEntries(Object.entries(mapping).filter(([key]) => keys.includes(key)));
  }

  function define(
    source: string,
    variables: Parameters<Scope['define']>[1],
    placeOf: (key: string) => Place,
  ): void {
    const taken = Object.keys(variables).filter((name) => where.reserved.includes(name));
    for (const name of taken) {
      const message = `\`${name}\` is what the \`foreach\` or \`matrix\` of ${owner} gives: it cannot be a variable of ${source}`;
      reader.report(diagnose('vars/reserved-name', message, placeOf(name)));
    }
    const free = Object.entries(variables).filter(([name]) => !taken.includes(name));
    for (const { key, source: first } of scope.define(source, Object.fromEntries(free))) {
      const message = `${source} defines \`${key}\`, which ${first} has already`;
      const hint = 'variables are not redefined: give one of them another name';
      reader.report(diagnose('vars/redefined', message, placeOf(key), hint));
    }
  }

  function createPending(written: JsonValue, path: ValuePath): Pending {
    let state: 'waiting' | 'resolving' | { readonly value: Known<JsonValue> } = 'waiting';
    const name = path.slice(1).join('.');
    const refuse = (code: Code, message: string, hint?: string): typeof UNKNOWN => {
      reader.report(diagnose(code, message, at.value(path), hint));
      return UNKNOWN;
    };
    return new Pending(() => {
      if (typeof state === 'object') return state.value;
      if (state === 'resolving') {
        const hint = 'break the circle at one of the variables in it';
        return refuse('template/cycle', `\`${name}\` needs itself: \`${shown(written)}\``, hint);
      }
      state = 'resolving';
      const value = resolveValue(written, path, AS_FIELD, { ...reader, scope, at });
      const isTooLarge = value !== UNKNOWN && weightOf(value, MAX_WEIGHT) > MAX_WEIGHT;
      const tooLarge = `\`${name}\` becomes more than ${MAX_WEIGHT} characters`;
      state = { value: isTooLarge ? refuse('template/too-large', tooLarge) : value };
      return state.value;
    });
  }
}

/** Variables of variables grow exponentially, as aliases of aliases do. */
const MAX_WEIGHT = 1_000_000;

/** Roughly the characters of a value as JSON; stops counting above `limit`. */
function weightOf(value: JsonValue, limit: number): number {
  if (typeof value === 'string') return value.length + 1;
  if (typeof value !== 'object' || value === null) return 1;
  let weight = 1;
  for (const [key, inner] of Object.entries(value)) {
    weight += key.length + weightOf(inner, limit - weight);
    if (weight > limit) return weight;
  }
  return weight;
}

function without(mapping: JsonObject, keys: ReadonlySet<string> | undefined): JsonObject {
  if (keys === undefined) return mapping;
  return Object.fromEntries(Object.entries(mapping).filter(([key]) => !keys.has(key)));
}
