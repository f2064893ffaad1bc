import type { Diagnostic } from '../model/diagnostic.ts';
import { didYouMean } from '../model/did-you-mean.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { expandDefaults } from './defaults-tree.ts';
import type { ConfigFiles } from './defaults-tree.ts';
import { applyOverride, merge } from './overrides.ts';
import type { Override } from './overrides.ts';
import { diagnose } from './source.ts';

export interface Composed {
  /** Absent when problems make it meaningless. */
  readonly config?: JsonObject;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Composes the configuration of an invocation as Hydra 1.3 does: the primary config and the
 * options its defaults lists choose, merged in order, each under its package; then the overrides.
 */
export function composeConfig(files: ConfigFiles, overrides: readonly Override[]): Composed {
  const tree = expandDefaults(files, overrides);
  const diagnostics = [...tree.diagnostics];
  let config: JsonObject = {};
  for (const part of tree.parts) {
    config = merge(config, inPackage(part.package, part.value)) as JsonObject;
  }
  if (diagnostics.length > 0) return { diagnostics };

  for (const override of overrides) {
    if (tree.used.has(override)) continue;
    const unknown = unknownGroup(override, config, tree.groups, files);
    const applied = unknown ?? applyOverride(config, override);
    if ('ok' in applied && applied.ok) config = applied.value;
    else diagnostics.push('ok' in applied ? applied.error : applied);
  }
  return { config, diagnostics };
}

const inPackage = (name: string, value: JsonObject): JsonObject =>
  name === ''
    ? value
    : (name
        .split('.')
        .reduceRight<JsonValue>(
          (inner, key) => Object.fromEntries([[key, inner]]),
          value,
        ) as JsonObject);

/** An override that names a config group which no defaults list has, rather than a key. */
function unknownGroup(
  { word, op, key, text }: Override,
  config: JsonObject,
  groups: readonly string[],
  files: ConfigFiles,
): Diagnostic | undefined {
  if (op !== 'set' || Object.hasOwn(config, key.split('.')[0] ?? '')) return undefined;
  const options = files.options(key);
  if (options.length > 0) {
    const hint = `to choose an option of a further group, write \`+${key}=${text ?? ''}\``;
    const message = `\`${word}\`: the defaults list has no group \`${key}\``;
    return diagnose('config/no-such-group', message, undefined, hint);
  }
  const keys = [...Object.keys(config), ...groups];
  if (key.includes('.')) return undefined;
  const hint = didYouMean(key, [...new Set(keys)]) ?? `to add a key, write \`+${word}\``;
  const message = `\`${word}\`: the configuration has no \`${key}\``;
  return diagnose('override/unknown-key', message, undefined, hint);
}
