import type { JsonObject } from '../model/json.ts';
import { isJsonObject } from '../model/json.ts';
import type { CommandContext } from './context.ts';
import { readProject } from './load-workload.ts';

/** What can be named on a command line. Empty where the project cannot be read. */
export interface ProjectNames {
  readonly stages: readonly string[];
  readonly outs: readonly string[];
  readonly tasks: readonly string[];
  /** Paths that `avian add` keeps. */
  readonly sources: readonly string[];
  /** Config groups with their options, as overrides choose them: `data`, `data/loader`. */
  readonly groups: { readonly [group: string]: readonly string[] };
  /** Dotted keys of the composed configuration. */
  readonly keys: readonly string[];
}

export const NO_NAMES: ProjectNames = {
  ...{ stages: [], outs: [], tasks: [], sources: [], groups: {}, keys: [] },
};

/** Reads and writes nothing but what a no-op reads, so that it can answer while somebody types. */
export async function projectNames({
  files,
  projectCache,
  version,
}: Pick<CommandContext, 'files' | 'projectCache' | 'version'>): Promise<ProjectNames> {
  const readOnly = { ...projectCache, store: () => undefined };
  const project = await readProject([], { files, projectCache: readOnly, version });
  if (!project.ok) return NO_NAMES;
  const { pipeline, config } = project.value;
  return {
    stages: pipeline.stages.map(({ name }) => name),
    outs: pipeline.stages.flatMap(({ outs }) => outs.map(({ path }) => path)),
    tasks: pipeline.tasks.map(({ name }) => name),
    sources: sourcesIn(files.read('pipeline.lock')),
    groups: groupsBelow('conf', '', files),
    keys: keysOf(config),
  };
}

/** Not through the lock store: a lock that is damaged has no names, and no diagnostics here. */
function sourcesIn(lock: string | undefined): readonly string[] {
  try {
    const value: unknown = JSON.parse(lock ?? '{}');
    const sources = isJsonObject(value) ? value['sources'] : undefined;
    return isJsonObject(sources) ? Object.keys(sources) : [];
  } catch {
    return [];
  }
}

function groupsBelow(
  folder: string,
  group: string,
  files: Pick<CommandContext['files'], 'list'>,
): { readonly [group: string]: readonly string[] } {
  const groups: { [group: string]: readonly string[] } = {};
  const names = files.list(folder);
  const options = names.flatMap((name) => /^(.+)\.ya?ml$/.exec(name)?.[1] ?? []);
  if (group !== '' && options.length > 0) groups[group] = options;
  for (const name of names) {
    if (name.includes('.')) continue;
    const inner = group === '' ? name : `${group}/${name}`;
    Object.assign(groups, groupsBelow(`${folder}/${name}`, inner, files));
  }
  return groups;
}

const keysOf = (config: JsonObject, prefix = ''): readonly string[] =>
  Object.entries(config).flatMap(([key, value]) =>
    isJsonObject(value) ? keysOf(value, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
