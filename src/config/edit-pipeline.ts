import type { Document, Node, Pair, Scalar, YAMLMap } from 'yaml';
import { problem, type Problem } from '../model/diagnostic.ts';
import { canonicalJson, isJsonObject } from '../model/json.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import { movedPaths } from './moved-paths.ts';
import {
  columnOf,
  endOfPair,
  lineAbove,
  lineAt,
  lineStart,
  rangeOf,
  requoted,
  splice,
  type Splice,
} from './yaml-splice.ts';
import type { Yaml } from './yaml.ts';

export type PipelineEdit =
  | { readonly kind: 'remove-stage'; readonly name: StageName }
  | { readonly kind: 'rename-stage'; readonly name: StageName; readonly to: StageName }
  | { readonly kind: 'freeze'; readonly name: StageName; readonly frozen: boolean }
  /** Every dep, out and file of params at `from`, or inside it, is at `to` instead. */
  | { readonly kind: 'move-path'; readonly from: RepoPath; readonly to: RepoPath };

/** What an edit does to the text, and what the file has to say afterwards. */
interface Planned {
  readonly splices: readonly Splice[];
  readonly expected: JsonValue;
}

/**
 * Edits the text of a pipeline.yaml where it is written, so that comments, order, quotes and blank
 * lines stay. The Document says where that is; its own printing would set every other line anew.
 * What comes out is read again and has to say exactly what was meant, else the edit is refused.
 */
export async function editPipeline(
  text: string,
  edit: PipelineEdit,
): Promise<Result<string, Problem>> {
  const yaml = await import('yaml');
  const document = yaml.parseDocument(text, { merge: true });
  const value = valueOf(document);
  if (!isJsonObject(value)) return err(unreadable());
  const planned = planEdit(yaml, document, value, edit, text);
  if (!planned.ok) return planned;
  const edited = splice(text, planned.value.splices);
  const says = valueOf(yaml.parseDocument(edited, { merge: true }));
  return canonicalJson(says ?? null) === canonicalJson(planned.value.expected)
    ? ok(edited)
    : err(tooClever());
}

/** What a document says; undefined when it is none, or an alias in it has lost its anchor. */
function valueOf(document: Document): JsonValue | undefined {
  if (document.errors.length > 0) return undefined;
  try {
    return document.toJS() as JsonValue;
  } catch {
    return undefined;
  }
}

function planEdit(
  yaml: Yaml,
  document: Document,
  value: JsonObject,
  edit: PipelineEdit,
  text: string,
): Result<Planned, Problem> {
  if (edit.kind === 'move-path') {
    return ok(movedPaths(yaml, document, value, edit.from, edit.to, text));
  }
  const stages = document.get('stages');
  const own = stageOf(yaml, stages, edit.name, edit.kind === 'remove-stage');
  if (!own.ok) return own;
  const { pair, map, isFlow } = own.value;
  const stagesBefore = isJsonObject(value['stages']) ? value['stages'] : {};
  const saying = (after: JsonObject): JsonObject => ({ ...value, stages: after });
  switch (edit.kind) {
    case 'remove-stage': {
      if (isFlow) return err(tooClever());
      const others = Object.entries(stagesBefore).filter(([name]) => name !== edit.name);
      return ok({
        splices: [
          others.length === 0
            ? { ...rangeOf(stages as Node), text: '{}\n' }
            : withoutPair(text, pair),
        ],
        expected: saying(Object.fromEntries(others)),
      });
    }
    case 'rename-stage': {
      const renamed = Object.entries(stagesBefore).map(([name, stage]) => [
        name === edit.name ? edit.to : name,
        stage,
      ]);
      return ok({
        splices: [{ ...rangeOf(pair.key), text: requoted(text, pair.key, edit.to) }],
        expected: saying(Object.fromEntries(renamed) as JsonObject),
      });
    }
    case 'freeze': {
      const before = stagesBefore[edit.name];
      const { frozen: _frozen, ...rest } = isJsonObject(before) ? before : {};
      // Frozen by a `<<`, it is unfrozen by saying so.
      const inherited = edit.frozen || map.has('frozen') ? undefined : false;
      const frozen = edit.frozen ? true : inherited;
      const after = { ...rest, ...(frozen !== undefined && { frozen }) };
      return ok({
        splices: [freezing(yaml, text, map, frozen)],
        expected: saying({ ...stagesBefore, [edit.name]: after }),
      });
    }
  }
}

interface OwnStage {
  readonly pair: Pair<Scalar, Node>;
  readonly map: YAMLMap;
  /** `stages: {a: …}`, where stages share lines. */
  readonly isFlow: boolean;
}

/** The place where a stage is written down as one stage, or a whole group where that will do; not every stage has one. */
function stageOf(
  yaml: Yaml,
  stages: unknown,
  name: StageName,
  orGroup: boolean,
): Result<OwnStage, Problem> {
  const find = (key: string): Pair<Scalar, Node> | undefined =>
    yaml.isMap(stages)
      ? (stages.items as Pair<Scalar, Node>[]).find(
          (pair) => yaml.isScalar(pair.key) && pair.key.value === key,
        )
      : undefined;
  const pair = find(name);
  if (pair === undefined) {
    const group = name.split('@')[0] ?? name;
    return err(find(group) === undefined ? notThere(name) : generated(name, group));
  }
  if (!yaml.isMap(pair.value)) return err(isAlias(name));
  for (const key of ['foreach', 'matrix', 'do']) {
    if (!orGroup && pair.value.has(key)) return err(generated(name, name));
  }
  const isFlow = yaml.isMap(stages) && stages.flow === true;
  return ok({ pair, map: pair.value, isFlow });
}

/** The stage's lines, with the comment right above it; of the blank lines around it those below stay. */
function withoutPair(text: string, pair: Pair<Scalar, Node>): Splice {
  let start = lineStart(text, rangeOf(pair.key).start);
  for (let above = lineAbove(text, start); above !== undefined; above = lineAbove(text, start)) {
    if (!/^\s*#/.test(above.line)) break;
    start = above.start;
  }
  for (let above = lineAbove(text, start); above !== undefined; above = lineAbove(text, start)) {
    if (above.line.trim() !== '') break;
    start = above.start;
  }
  // Comments that stand further in than the name belong to the stage.
  const column = columnOf(text, rangeOf(pair.key).start);
  let end = endOfPair(text, pair);
  for (let next = lineAt(text, end); /^ *#/.test(next); next = lineAt(text, end)) {
    if (next.indexOf('#') <= column) break;
    end += next.length;
  }
  return { start, end, text: '' };
}

function freezing(yaml: Yaml, text: string, map: YAMLMap, frozen: boolean | undefined): Splice {
  const pairs = map.items as Pair<Scalar, Node>[];
  const own = pairs.find((pair) => yaml.isScalar(pair.key) && pair.key.value === 'frozen');
  if (own !== undefined && frozen !== undefined) {
    return { ...rangeOf(own.value ?? own.key), text: String(frozen) };
  }
  if (own !== undefined) return withoutField(text, map, pairs, own);
  const last = pairs.at(-1);
  if (last === undefined) throw new Error('bug: a stage without fields');
  if (map.flow === true) {
    const { end } = rangeOf(last.value ?? last.key);
    return { start: end, end, text: `, frozen: ${frozen}` };
  }
  const end = endOfPair(text, last);
  const indent = ' '.repeat(columnOf(text, rangeOf(last.key).start));
  const newline = end > 0 && text[end - 1] === '\n' ? '' : '\n';
  return { start: end, end, text: `${newline}${indent}frozen: ${frozen}\n` };
}

function withoutField(
  text: string,
  map: YAMLMap,
  pairs: readonly Pair<Scalar, Node>[],
  pair: Pair<Scalar, Node>,
): Splice {
  if (map.flow !== true) {
    return {
      start: lineStart(text, rangeOf(pair.key).start),
      end: endOfPair(text, pair),
      text: '',
    };
  }
  const at = pairs.indexOf(pair);
  const before = pairs[at - 1];
  const after = pairs[at + 1];
  if (before !== undefined) {
    return {
      start: rangeOf(before.value ?? before.key).end,
      end: rangeOf(pair.value ?? pair.key).end,
      text: '',
    };
  }
  const end = after === undefined ? rangeOf(pair.value ?? pair.key).end : rangeOf(after.key).start;
  return { start: rangeOf(pair.key).start, end, text: '' };
}

const unreadable = (): Problem =>
  problem('pipeline', 'edit/unreadable', 'pipeline.yaml cannot be read', '`avian status` says why');

const notThere = (name: StageName): Problem =>
  problem('usage', 'edit/no-stage', `pipeline.yaml has no stage \`${name}\``);

const generated = (name: StageName, group: string): Problem =>
  problem(
    'usage',
    'edit/generated',
    name === group
      ? `\`${name}\` stands for several stages, made by a list or a matrix`
      : `\`${name}\` is made from \`${group}\` by its list or matrix, and is written nowhere by itself`,
    `edit \`${group}\` in pipeline.yaml`,
  );

const isAlias = (name: StageName): Problem =>
  problem(
    'usage',
    'edit/alias',
    `\`${name}\` is an alias: what it says is written at another stage`,
    'edit pipeline.yaml, where it says what both are meant to be',
  );

const tooClever = (): Problem =>
  problem(
    'usage',
    'edit/too-intricate',
    'pipeline.yaml is written in a way that cannot be edited without changing more than was asked for',
    'edit it by hand: anchors, merges and stages that share a line are for people',
  );
