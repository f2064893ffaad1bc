import type { Document } from 'yaml';
import { canonicalJson, type JsonObject } from '../../model/json.ts';
import type { Source } from '../source.ts';
import type { Yaml } from '../yaml.ts';
import type { StagePlan } from './translate-sections.ts';

/** A stage on its way from where it stands in DVC's files to pipeline.yaml. */
export interface Planned extends StagePlan {
  readonly file: string;
  readonly was: string;
  /** Where it stands in its document: under `do` for a template over a list. */
  readonly within: readonly string[];
  readonly before: JsonObject;
}

const HEADER =
  '# yaml-language-server: $schema=./node_modules/avian/schemas/pipeline.schema.json\n';

/** The root's dvc.yaml with what had to change, comments and order kept, and the other stages behind its own. */
export function writePipeline(
  yaml: Yaml,
  root: Source | undefined,
  text: string,
  plans: readonly Planned[],
  charts: readonly JsonObject[],
): string {
  const document = rootDocument(yaml, root, text);
  for (const field of ['metrics', 'plots', 'params', 'artifacts', 'datasets', 'schema']) {
    document.delete(field);
  }
  if (!yaml.isMap(document.get('stages'))) document.set('stages', document.createNode({}));
  for (const plan of plans) {
    const isInPlace = plan.file === 'dvc.yaml';
    if (!isInPlace) document.setIn(['stages', plan.name], document.createNode(plan.body));
    else changeInPlace(yaml, document, plan);
  }
  if (charts.length > 0) document.set('plots', document.createNode(charts));
  return HEADER + document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function rootDocument(yaml: Yaml, root: Source | undefined, text: string): Document {
  const document = yaml.parseDocument(text, { merge: true });
  if (root === undefined || !yaml.isMap(document.contents))
    return new yaml.Document({ stages: {} });
  // An edit behind an anchor would change every place that refers to it.
  const aliases: unknown[] = [];
  yaml.visit(document, { Alias: (_, node) => void aliases.push(node) });
  return aliases.length > 0 ? new yaml.Document(root.value) : document;
}

function changeInPlace(yaml: Yaml, document: Document, plan: Planned): void {
  const { name, was, within, before, body } = plan;
  const stages = document.get('stages');
  if (!yaml.isMap(stages)) return;
  const at = ['stages', was, ...within];
  for (const field of new Set([...Object.keys(before), ...Object.keys(body)])) {
    const value = body[field];
    const isEmptyList = Array.isArray(value) && value.length === 0;
    if (value === undefined || (isEmptyList && before[field] !== value)) {
      document.deleteIn([...at, field]);
    } else if (canonicalJson(value) !== canonicalJson(before[field] ?? null)) {
      document.setIn([...at, field], document.createNode(value));
    }
  }
  const pair = stages.items.find(({ key }) => yaml.isScalar(key) && String(key.value) === was);
  if (pair !== undefined && name !== was) pair.key = document.createNode(name);
}
