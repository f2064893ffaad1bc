import { editRemotes, type RemoteEdit } from '../config/edit-remotes.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { parseStageName } from '../model/names.ts';
import type { Remote, Remotes } from '../model/remote.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { RemotesView } from '../model/transfer-views.ts';
import type { CommandContext } from './context.ts';
import { readProject } from './load-workload.ts';

type Context = Pick<CommandContext, 'files' | 'projectCache' | 'version'>;

const FILE = 'pipeline.yaml';

/** `avian remote add`, `modify`, `remove`, `default`, `list`. */
export type RemoteRequest =
  | {
      readonly verb: 'add';
      readonly name: string;
      readonly url: string;
      readonly endpoint: string | undefined;
      readonly isDefault: boolean;
    }
  | {
      readonly verb: 'modify';
      readonly name: string;
      readonly url: string | undefined;
      /** An empty text takes it away. */
      readonly endpoint: string | undefined;
    }
  | { readonly verb: 'remove'; readonly name: string }
  | { readonly verb: 'default'; readonly name: string | undefined }
  | { readonly verb: 'list' };

/** Lists the remotes of pipeline.yaml, or changes them there, comments kept. */
export async function remote(
  request: RemoteRequest,
  context: Context,
): Promise<Result<RemotesView, Problem>> {
  const project = await readProject([], context);
  if (!project.ok) return project;
  const remotes = project.value.pipeline.remotes ?? { known: [] };
  const edits = editsOf(request, remotes);
  if (!edits.ok) return edits;
  if (edits.value.length === 0) return ok(viewOf(remotes));
  const before = context.files.read(FILE) ?? '';
  const text = await editRemotes(before, edits.value);
  const { files } = context;
  // Read as it will be before it is written: an address that no remote has is refused.
  const { loadProject } = await import('../config/load-project.ts');
  const loaded = await loadProject({
    read: (path) => (path === FILE ? text : files.read(path)),
    list: (path) => files.list(path),
    overrides: [],
  });
  if (!loaded.ok) return loaded;
  files.write(FILE, text);
  return ok(viewOf(loaded.value.project.pipeline.remotes ?? { known: [] }));
}

function editsOf(request: RemoteRequest, remotes: Remotes): Result<readonly RemoteEdit[], Problem> {
  if (request.verb === 'list') return ok([]);
  const { name } = request;
  const known = remotes.known.find((each) => each.name === name);
  switch (request.verb) {
    case 'add': {
      const { url, endpoint, isDefault } = request;
      if (parseStageName(request.name) === undefined) {
        const message = `\`${request.name}\` cannot be the name of a remote`;
        return err(problem('usage', 'remote/bad-name', message, 'letters, digits, `_` and `-`'));
      }
      if (known !== undefined) {
        const hint = `avian remote modify ${known.name} --url ${url}`;
        return err(problem('usage', 'remote/exists', `there is a remote \`${known.name}\``, hint));
      }
      const added = { name: request.name, url, ...(endpoint !== undefined && { endpoint }) };
      const makeDefault = isDefault && { kind: 'default' as const, name: request.name };
      return ok([{ kind: 'set', remote: added }, ...(makeDefault === false ? [] : [makeDefault])]);
    }
    case 'default':
      if (name === undefined) return ok([{ kind: 'default', name }]);
      return known === undefined ? err(unknown(name, remotes)) : ok([{ kind: 'default', name }]);
    case 'modify': {
      if (known === undefined) return err(unknown(request.name, remotes));
      const endpoint = request.endpoint ?? known.endpoint ?? '';
      const changed: Remote = {
        name: known.name,
        url: request.url ?? known.url,
        ...(endpoint !== '' && { endpoint }),
      };
      return ok([{ kind: 'set', remote: changed }]);
    }
    case 'remove': {
      if (known === undefined) return err(unknown(request.name, remotes));
      const edits: RemoteEdit[] = [{ kind: 'remove', name: known.name }];
      if (remotes.default === known.name) edits.push({ kind: 'default', name: undefined });
      return ok(edits);
    }
  }
}

const viewOf = ({ known, default: usual }: Remotes): RemotesView => ({
  remotes: known.map((each) => ({
    ...each,
    isDefault: usual === undefined ? known.length === 1 : usual === each.name,
  })),
});

const unknown = (name: string, { known }: Remotes): Problem =>
  problem(
    'usage',
    'remote/unknown',
    `there is no remote \`${name}\``,
    known.length === 0
      ? `avian remote add ${name} URL`
      : `it has: ${known.map((each) => each.name).join(', ')}`,
  );
