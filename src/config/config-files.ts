import type { Diagnostic } from '../model/diagnostic.ts';
import { isJsonObject } from '../model/json.ts';
import { readDefaults } from './defaults-list.ts';
import type { ConfigFile, ConfigFiles } from './defaults-tree.ts';
import { PARAMS_FILE } from './params.ts';
import { diagnose, parseSource } from './source.ts';
import type { Yaml } from './yaml.ts';

/** The configs of a project: params.yaml, and conf/<group>/<option>.yaml. Each is read once. */
export function configFiles(
  yaml: Yaml,
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
    // An option comes from the command line too, and must not read outside conf/.
    if (config.split('/').some((part) => part === '..')) return undefined;
    const file = config === '' ? PARAMS_FILE : `conf/${config}.yaml`;
    const text = read(file);
    if (text === undefined) return undefined;
    const { source, diagnostics } = parseSource(yaml, file, text);
    diagnostics.forEach(report);
    const empty = { file, value: {}, defaults: [], package: undefined };
    if (source === undefined) return empty;
    const { value, at } = source;
    if (value === null) return { ...empty, package: readPackage(text, file, report) };
    if (!isJsonObject(value)) {
      report(diagnose('params/not-a-mapping', `${file} has to be a mapping`, at.value([])));
      return empty;
    }
    const { defaults, ...members } = value;
    return {
      file,
      value: members,
      defaults: readDefaults(defaults, at, report),
      package: readPackage(text, file, report),
    };
  }
}

/**
 * The package that `# @package NAME` gives the whole file. Hydra reads that line only where no
 * other stands before it; further down it would say nothing, silently.
 */
function readPackage(
  text: string,
  file: string,
  report: (diagnostic: Diagnostic) => void,
): string | undefined {
  const lines = text.split(/\r?\n/);
  for (const [i, line] of lines.entries()) {
    if (!/^\s*(#.*)?$/.test(line)) return undefined;
    if (!/^\s*#\s*@package\b/.test(line)) continue;
    const [, name] = /@package\s+((?:\w[\w-]*)(?:\.\w[\w-]*)*)\s*$/.exec(line) ?? [];
    const isFirst = lines.slice(0, i).every((before) => /^\s*(#\s*@.*)?$/.test(before));
    // The package of a header is absolute, unlike the one that a group's path gives.
    if (name !== undefined && isFirst && !/_group_|_name_/.test(name)) {
      return name.startsWith('_global_') ? name : `_global_.${name}`;
    }
    const message = isFirst
      ? 'this names no package'
      : 'this line has an effect only as the first of the file';
    const span = { file, line: i + 1, column: 1, length: line.length };
    const hint = 'write `# @package _global_`, or a dotted name instead of `_global_`';
    report(diagnose('config/bad-package', message, { span, excerpt: line }, hint));
    return undefined;
  }
  return undefined;
}
