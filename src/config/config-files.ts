import type { Diagnostic } from '../model/diagnostic.ts';
import { isJsonObject } from '../model/json.ts';
import { readDefaults } from './defaults-list.ts';
import type { ConfigFile, ConfigFiles } from './defaults-tree.ts';
import { PARAMS_FILE } from './params.ts';
import { diagnose, parseSource } from './source.ts';

/** The configs of a project: params.yaml, and conf/<group>/<option>.yaml. Each is read once. */
export function configFiles(
  yaml: typeof import('yaml'),
  read: (path: string) => string | undefined,
  list: (directory: string) => readonly string[],
  report: (diagnostic: Diagnostic) => void,
): ConfigFiles {
  const loaded = new Map<string, ConfigFile | undefined>();
  return {
    load: (config) => {
      if (!loaded.has(config)) loaded.set(config, load(config));
      return loaded.get(config);
    },
    options: (group) =>
      list(`conf/${group}`)
        .filter((name) => /\.ya?ml$/.test(name))
        .map((name) => name.replace(/\.ya?ml$/, ''))
        .sort(),
  };

  function load(config: string): ConfigFile | undefined {
    const file = config === '' ? PARAMS_FILE : `conf/${config}.yaml`;
    const text = read(file);
    if (text === undefined) return undefined;
    const { source, diagnostics } = parseSource(yaml, file, text);
    diagnostics.forEach(report);
    const at = source?.at ?? NOWHERE;
    const value = source?.value ?? {};
    if (!isJsonObject(value)) {
      report(diagnose('params/not-a-mapping', `${file} has to be a mapping`, at.value([])));
      return { file, value: {}, defaults: [], package: undefined, at };
    }
    const { defaults, ...members } = value;
    return {
      file,
      value: members,
      defaults: readDefaults(defaults, at, report),
      package: packageOf(text),
      at,
    };
  }
}

const NOWHERE = {
  value: () => {
    throw new Error('bug: a file that could not be parsed has no places');
  },
  key: () => {
    throw new Error('bug: a file that could not be parsed has no places');
  },
};

/** The `# @package NAME` among the comments before the content. */
function packageOf(text: string): string | undefined {
  for (const line of text.split('\n')) {
    const [, name] = /^\s*#\s*@package\s+(\S+)\s*$/.exec(line) ?? [];
    if (name !== undefined) return absolutePackage(name);
    if (!/^\s*(#.*)?$/.test(line)) return undefined;
  }
  return undefined;
}

// A header's package is absolute, unlike the one that a group's path gives.
const absolutePackage = (name: string): string | undefined => {
  if (name === '_group_') return undefined;
  return name.startsWith('_global_') ? name : `_global_.${name}`;
};
