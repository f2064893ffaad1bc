import type { Diagnostic, Span } from '../../model/diagnostic.ts';
import { isJsonObject } from '../../model/json.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { parseRepoPath, ROOT } from '../../model/names.ts';
import { PARAMS_FILE } from '../params.ts';
import { diagnose, nameOfType, within } from '../source.ts';
import type { Source, ValuePath } from '../source.ts';
import type { Place } from '../text-places.ts';
import type { Yaml } from '../yaml.ts';
import { membersOfForeach, membersOfMatrix } from './groups.ts';
import type { Member } from './groups.ts';
import { createLocator, noted } from './locate.ts';
import type { Origin } from './locate.ts';
import { Moves } from './moves.ts';
import { AS_COMMAND, AS_FIELD, AS_ITEMS, resolveValue } from './resolve.ts';
import type { Resolving } from './resolve.ts';
import { Scope, UNKNOWN } from './scope.ts';
import { createVarsReader, readVars } from './vars.ts';

export interface Expanded extends Source {
  /** True when a mapping lacks a member only because a problem, told already, left it out. */
  readonly isLost: (container: JsonValue | undefined, key: string) => boolean;
  /** True for a place in the template of a group: what is wrong there is wrong in many stages. */
  readonly isShared: (span: Span) => boolean;
}

export interface ExpandOptions {
  readonly yaml: Yaml;
  readonly read: (path: string) => string | undefined;
  readonly list: (directory: string) => readonly string[];
  /** The composed configuration, whose keys are variables; absent when it has problems of its own. */
  readonly config: JsonObject | undefined;
  readonly report: (diagnostic: Diagnostic) => void;
}

/**
 * Writes out what templates, `foreach` and `matrix` stand for. The result has the shape that the
 * schema admits and knows, for each of its parts, where it was written and what it was made of.
 */
export function expand(source: Source, options: ExpandOptions): Expanded {
  const { report } = options;
  const moves = new Moves();
  const reader = createVarsReader(options.yaml, options.read, options.list, moves, report);
  const origins = new Map<string, Origin>();
  const shared = new WeakSet<Span>();
  const reportShared = (diagnostic: Diagnostic): void => {
    if (diagnostic.span !== undefined) shared.add(diagnostic.span);
    report(diagnostic);
  };
  const document = isJsonObject(source.value) ? source.value : {};
  const { vars = [], ...rest } = document;

  const base = new Scope();
  if (options.config === undefined) base.markIncomplete();
  base.define(`\`${PARAMS_FILE}\``, options.config ?? {});
  base.files.set(PARAMS_FILE, 'whole');
  const declared = {
    owner: source.file,
    wdir: ROOT,
    at: within(source.at, ['vars']),
    reserved: [],
  };
  const scope = readVars(vars, base, declared, reader);

  const sections = Object.entries(rest).map(([section, inner]): [string, JsonValue] =>
    (section === 'stages' || section === 'tasks') && isJsonObject(inner)
      ? [section, expandSection(section, inner)]
      : [section, inner],
  );
  const value = isJsonObject(source.value) ? Object.fromEntries(sections) : source.value;
  return {
    file: source.file,
    value,
    at: createLocator(source, origins, moves, shared),
    isLost: (container, key) => moves.isLost(container, key),
    isShared: (span) => shared.has(span),
  };

  function expandSection(section: 'stages' | 'tasks', definitions: JsonObject): JsonObject {
    const made = new Map<string, JsonValue>();
    const add = (
      name: string,
      definition: JsonValue,
      inner: Scope,
      written: ValuePath,
      group?: string,
    ): void => {
      const resolved = resolveDefinition(definition, section, name, inner, written, group);
      if (made.has(name)) {
        const hint = 'names of stages come from the values: give them different ones';
        report(
          diagnose(
            'template/name-taken',
            `two stages are called \`${name}\``,
            source.at.key(written.slice(0, 2)),
            hint,
          ),
        );
        return;
      }
      made.set(name, resolved);
      origins.set(`${section}\0${name}`, {
        resolved,
        prefix: written,
        isMember: group !== undefined,
      });
    };
    for (const [name, definition] of Object.entries(definitions)) {
      const path = [section, name];
      const group = section === 'stages' ? groupOf(definition, path) : undefined;
      if (group === undefined) add(name, definition, scope, path);
      else if (group !== 'refused') {
        for (const { key, names } of group.members) {
          const inner = new Scope(scope);
          for (const [variable, given] of Object.entries(names)) inner.set(variable, given);
          add(`${name}@${key}`, group.template, inner, group.path, name);
        }
      }
    }
    return Object.fromEntries(made);
  }

  /** What a definition with `foreach` or `matrix` stands for; undefined for any other. */
  function groupOf(
    definition: JsonValue,
    path: ValuePath,
  ):
    | {
        readonly members: readonly Member[];
        readonly template: JsonValue;
        readonly path: ValuePath;
      }
    | 'refused'
    | undefined {
    if (!isJsonObject(definition)) return undefined;
    const keyword = ['foreach', 'do', 'matrix'].find((key) => Object.hasOwn(definition, key));
    if (keyword === undefined) return undefined;
    const place = (key: string): Place => source.at.key([...path, key]);
    const refuse = (
      code: 'pipeline/missing-key' | 'pipeline/contradiction',
      message: string,
      at: Place,
      hint: string,
    ): 'refused' => {
      report(diagnose(code, message, at, hint));
      return 'refused';
    };
    const stage = `stage \`${String(path[1])}\``;
    if (keyword === 'matrix') {
      const { matrix = null, ...template } = definition;
      const members = membersOf(matrix, 'matrix', path, stage);
      return members === undefined ? 'refused' : { members, template, path };
    }
    const { foreach, do: template, ...others } = definition;
    for (const key of Object.keys(others)) {
      const hint =
        key === 'matrix'
          ? 'a stage has either `foreach` and `do`, or `matrix`'
          : `beside \`foreach\` there is only \`do\`: write \`${key}\` under it`;
      refuse(
        'pipeline/contradiction',
        `${stage} has both \`${keyword}\` and \`${key}\``,
        place(key),
        hint,
      );
    }
    if (foreach === undefined || template === undefined) {
      const absent = foreach === undefined ? 'foreach' : 'do';
      const hint = '`foreach` has the values, `do` the stage to make for each';
      return refuse(
        'pipeline/missing-key',
        `${stage} has no \`${absent}\``,
        source.at.key(path),
        hint,
      );
    }
    const members = membersOf(foreach, 'foreach', path, stage);
    if (members === undefined || Object.keys(others).length > 0) return 'refused';
    return { members, template, path: [...path, 'do'] };
  }

  function membersOf(
    data: JsonValue,
    keyword: 'foreach' | 'matrix',
    path: ValuePath,
    stage: string,
  ): readonly Member[] | undefined {
    const at = within(source.at, [...path, keyword]);
    const resolved = resolveValue(data, [], AS_ITEMS, { scope, at, moves, report });
    if (resolved === UNKNOWN) return undefined;
    const members = (keyword === 'foreach' ? membersOfForeach : membersOfMatrix)(resolved);
    if (members.ok) return members.value;
    const found =
      typeof resolved === 'object' && resolved !== null ? '' : `, not ${nameOfType(resolved)}`;
    const message = `\`${keyword}\` of ${stage} ${members.error}${found}`;
    report(diagnose('template/wrong-type', message, noted(at.value([]), data, resolved)));
    return undefined;
  }

  function resolveDefinition(
    definition: JsonValue,
    section: 'stages' | 'tasks',
    name: string,
    outer: Scope,
    written: ValuePath,
    group: string | undefined,
  ): JsonValue {
    if (!isJsonObject(definition)) return definition;
    const at = within(source.at, written);
    const tell = group === undefined ? report : reportShared;
    const around: Resolving = { scope: outer, at, moves, report: tell };
    const { vars: own, ...fields } = definition;
    // Where files of variables are relative to, so it is known before they are.
    const wdir =
      fields['wdir'] === undefined
        ? undefined
        : resolveValue(fields['wdir'], ['wdir'], AS_FIELD, around);
    const resolving =
      own === undefined
        ? around
        : {
            ...around,
            scope: readVars(
              own,
              outer,
              {
                owner: `${section === 'stages' ? 'stage' : 'task'} \`${name}\``,
                wdir: (typeof wdir === 'string' ? parseRepoPath(wdir, ROOT) : undefined) ?? ROOT,
                at: within(at, ['vars']),
                reserved: group === undefined ? [] : ['item', 'key'],
              },
              { ...reader, report: tell },
            ),
          };
    const resolved = new Map<string, JsonValue>();
    const lost: string[] = [];
    for (const [field, given] of Object.entries(fields)) {
      const mode = field === 'cmd' || field === 'probe' ? AS_COMMAND : AS_FIELD;
      const made =
        field === 'wdir' && wdir !== undefined
          ? wdir
          : resolveValue(given, [field], mode, resolving);
      if (made === UNKNOWN) lost.push(field);
      else resolved.set(field, made);
    }
    const stage = Object.fromEntries(resolved);
    moves.note(stage, new Map(), lost);
    return stage;
  }
}
