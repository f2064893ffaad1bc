import type { Entry, GroupEntry } from './defaults-list.ts';

/* Hydra 1.3's rules of order, names and packages, each a function of one config and its position. */

/** Where the defaults of a config start from. */
export interface Position {
  /** Group (directory below conf/) that relative names start from. */
  readonly group: string;
  /** Where the config's own values go. */
  readonly package: string;
}

/** Without `_self_`, a config comes after its defaults: what it says itself wins. */
export function withSelf(defaults: readonly Entry[], isExtended: boolean): readonly Entry[] {
  if (defaults.some(({ kind }) => kind === 'self')) return defaults;
  const onlyOverrides = defaults.every((entry) => entry.kind === 'group' && entry.override);
  if (defaults.length > 0 && onlyOverrides && !isExtended) return defaults;
  if (defaults.length === 0 && !isExtended) return [];
  const firstOverride = defaults.findIndex((entry) => entry.kind === 'group' && entry.override);
  const end = firstOverride === -1 ? defaults.length : firstOverride;
  return defaults.toSpliced(end, 0, { kind: 'self', place: undefined });
}

/** A name starts at the group of its config, or with `/` at conf/. */
export const joinGroup = (group: string, name: string): string =>
  name.startsWith('/') ? name.slice(1) : group === '' ? name : `${group}/${name}`;

/** Hydra's: packages nest, and `_global_` starts over. */
export function finalPackage(parent: string, own: string): string {
  const nested = [parent, own].filter((part) => part !== '').join('.');
  const global = nested.lastIndexOf('_global_');
  return global === -1 ? nested : nested.slice(global + '_global_'.length + 1);
}

/** What names a group in overrides: its path, and `@package` when that is not where it goes by default. */
export function overrideKey(entry: GroupEntry, position: Position): string {
  const path = joinGroup(position.group, entry.group);
  const relative = entry.group.replace(/^\//, '').replaceAll('/', '.');
  const pkg = finalPackage(position.package, entry.package ?? relative);
  return pkg === path.replaceAll('/', '.') ? path : `${path}@${pkg === '' ? '_global_' : pkg}`;
}
