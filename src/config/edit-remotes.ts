import type { Document, Pair, Scalar, YAMLMap } from 'yaml';
import type { Remote } from '../model/remote.ts';
import type { Yaml } from './yaml.ts';

/** One change to the remotes of a pipeline.yaml. */
export type RemoteEdit =
  | { readonly kind: 'set'; readonly remote: Remote }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'default'; readonly name: string | undefined };

/**
 * The text of a valid pipeline.yaml with changed remotes. Only the lines of `remotes` and `remote` are
 * written anew, with their comments: the parser's own writer moves comments of other lines.
 */
export async function editRemotes(text: string, edits: readonly RemoteEdit[]): Promise<string> {
  const yaml = await import('yaml');
  let edited = text;
  for (const edit of edits) edited = editOnce(edited, edit, yaml);
  return edited;
}

function editOnce(text: string, edit: RemoteEdit, yaml: Yaml): string {
  const section = edit.kind === 'default' ? 'remote' : 'remotes';
  const document = yaml.parseDocument(text);
  const before = placeOf(section, document, yaml);
  apply(edit, document, yaml);
  const root = document.contents as YAMLMap<Scalar> | null;
  // `{stages: {}}`, or JSON: there are no lines to keep.
  if (root === null || root.flow === true) return document.toString({ lineWidth: 0 });
  const pair = root.items.find(({ key }) => key.value === section || (key as unknown) === section);
  const lines = pair === undefined ? '' : linesOf(pair, text, yaml);
  if (before === undefined) return `${text}${text.endsWith('\n') ? '' : '\n'}${lines}`;
  return text.slice(0, before.from) + lines + text.slice(before.to);
}

/** Where a section's lines are, the comments above it left out. */
function placeOf(
  section: string,
  { contents }: Document,
  { isMap, isNode, isScalar }: Yaml,
): { readonly from: number; readonly to: number } | undefined {
  if (!isMap(contents)) return undefined;
  const pair = contents.items.find(({ key }) => isScalar(key) && key.value === section);
  if (!isScalar(pair?.key) || !isNode(pair.value)) return undefined;
  return { from: pair.key.range?.[0] ?? 0, to: pair.value.range?.[2] ?? 0 };
}

function linesOf(pair: Pair<Scalar>, text: string, yaml: Yaml): string {
  const document = new yaml.Document(new yaml.YAMLMap());
  if (yaml.isScalar(pair.key)) {
    pair.key.commentBefore = null;
    pair.key.spaceBefore = false;
  }
  (document.contents as unknown as YAMLMap).items.push(pair);
  return document.toString({ lineWidth: 0, flowCollectionPadding: !/[{][^\s}]/.test(text) });
}

function apply(edit: RemoteEdit, document: Document, { isMap }: Yaml): void {
  switch (edit.kind) {
    case 'set': {
      const { name, url, endpoint } = edit.remote;
      if (!isMap(document.get('remotes', true))) document.set('remotes', document.createNode({}));
      // A mapping written by hand keeps its comments.
      if (isMap(document.getIn(['remotes', name], true))) {
        document.setIn(['remotes', name, 'url'], url);
      } else document.setIn(['remotes', name], document.createNode({ url }));
      if (endpoint === undefined) document.deleteIn(['remotes', name, 'endpoint']);
      else document.setIn(['remotes', name, 'endpoint'], endpoint);
      return;
    }
    case 'remove': {
      document.deleteIn(['remotes', edit.name]);
      const remotes = document.get('remotes', true);
      if (isMap(remotes) && remotes.items.length === 0) document.delete('remotes');
      return;
    }
    case 'default':
      if (edit.name === undefined) document.delete('remote');
      else document.set('remote', edit.name);
  }
}
