import type { Diagnostic } from '../model/diagnostic.ts';
import { didYouMean } from '../model/did-you-mean.ts';
import type { JsonObject } from '../model/json.ts';
import type { Entry, GroupEntry } from './defaults-list.ts';
import { finalPackage, joinGroup, overrideKey, withSelf } from './defaults-rules.ts';
import type { Position } from './defaults-rules.ts';
import type { Override } from './overrides.ts';
import { diagnose } from './source.ts';
import type { Place } from './text-places.ts';

/** One config file, parsed. */
export interface ConfigFile {
  readonly file: string;
  /** Its members but `defaults`. */
  readonly value: JsonObject;
  readonly defaults: readonly Entry[];
  /** From its `# @package` line. */
  readonly package: string | undefined;
}

/** The configs of a project; problems inside a file are reported by the provider. */
export interface ConfigFiles {
  /** `''` is the primary config, otherwise a path below conf/ without extension. Undefined: no such file. */
  load(config: string): ConfigFile | undefined;
  /** Names that a group's directory offers, sorted. */
  options(group: string): readonly string[];
}

export interface ConfigPart {
  readonly package: string;
  readonly value: JsonObject;
  readonly file: string;
}

export interface Tree {
  /** In order of merging, later ones win. */
  readonly parts: readonly ConfigPart[];
  /** Overrides that chose, added or deleted a group. */
  readonly used: ReadonlySet<Override>;
  /** Override keys of the groups met. */
  readonly groups: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Choice {
  readonly options: readonly string[] | null;
  readonly override?: Override;
  readonly entry?: GroupEntry;
  used: boolean;
}

interface Nesting extends Position {
  /** Configs being expanded, for loops. */
  readonly inside: readonly string[];
}

/** Expands the defaults lists from the primary config on; Hydra 1.3's rules. */
export function expandDefaults(files: ConfigFiles, overrides: readonly Override[]): Tree {
  const expansion = new Expansion(files, overrides);
  const parts = expansion.expandPrimary();
  return expansion.finish(parts);
}

class Expansion {
  readonly #files: ConfigFiles;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #choices = new Map<string, Choice>();
  readonly #deletions = new Map<string, { readonly override: Override; used: boolean }>();
  readonly #appended: GroupEntry[] = [];
  readonly #used = new Set<Override>();
  readonly #known = new Map<string, string>();

  constructor(files: ConfigFiles, overrides: readonly Override[]) {
    this.#files = files;
    for (const override of overrides) this.#register(override);
  }

  // Whether a word chooses an option or sets a value is known only once the tree has, or has not,
  // such a group; `+` is decided by whether there is such a file.
  #register(override: Override): void {
    const { op, key, text, value } = override;
    const isChoice = typeof value !== 'object' || value === null || Array.isArray(value);
    if (op === 'delete') this.#deletions.set(key, { override, used: false });
    if (!isChoice || text === undefined) return;
    const options =
      value === null ? null : Array.isArray(value) ? value.map(String) : [text.trim()];
    if (op === 'set') this.#choices.set(key, { options, override, used: false });
    if (op !== 'add' || options === null) return;
    const [group = '', pkg] = key.split('@');
    if (key.includes('.') && pkg === undefined) return;
    const exists = options.some((option) => this.#files.load(`${group}/${option}`) !== undefined);
    if (!exists && this.#files.options(group).length === 0) return;
    this.#used.add(override);
    this.#appended.push({
      kind: 'group',
      group,
      package: pkg,
      options,
      optional: false,
      override: false,
      place: undefined,
    });
  }

  expandPrimary(): readonly ConfigPart[] {
    const primary = this.#files.load('');
    if (primary === undefined && this.#appended.length === 0) return [];
    const config = primary ?? EMPTY;
    const position = { group: '', package: '', inside: [''] };
    return this.#expand(config, position, this.#appended);
  }

  /** The parts that `config` and its defaults contribute; `position` is where its names start and its own values go. */
  #expand(
    config: ConfigFile,
    position: Nesting,
    appended: readonly GroupEntry[] = [],
  ): readonly ConfigPart[] {
    const own: ConfigPart = { package: position.package, value: config.value, file: config.file };
    const entries: readonly Entry[] = [
      ...withSelf(config.defaults, appended.length > 0),
      ...appended,
    ];
    if (entries.length === 0) return [own];
    this.#collectOverrides(entries, position);
    // Backwards, so that an `override` in a later config reaches the groups before it.
    const parts: ConfigPart[][] = [];
    let hasChildren = false;
    for (const entry of entries.toReversed()) {
      if (entry.kind === 'group' && entry.override) continue;
      hasChildren = true;
      if (entry.kind === 'self') parts.push([own]);
      else if (entry.kind === 'config') {
        parts.push([...this.#expandConfig(entry, position)]);
      } else parts.push([...this.#expandGroup(entry, position)]);
    }
    return hasChildren ? parts.reverse().flat() : [own];
  }

  #collectOverrides(entries: readonly Entry[], position: Nesting): void {
    for (const entry of entries) {
      if (entry.kind !== 'group' || !entry.override) continue;
      const key = overrideKey(entry, position);
      if (!this.#choices.has(key)) {
        this.#choices.set(key, { options: entry.options, entry, used: false });
      }
    }
  }

  #expandConfig(
    entry: Extract<Entry, { kind: 'config' }>,
    position: Nesting,
  ): readonly ConfigPart[] {
    const path = joinGroup(position.group, entry.path);
    const directory = path.split('/').slice(0, -1).join('/');
    const relative = entry.path.replace(/^\//, '').split('/').slice(0, -1).join('.');
    return this.#include(path, directory, relative, entry, position);
  }

  #expandGroup(entry: GroupEntry, position: Nesting): readonly ConfigPart[] {
    const key = overrideKey(entry, position);
    const group = joinGroup(position.group, entry.group);
    const choice = this.#choices.get(key);
    if (choice !== undefined) {
      choice.used = true;
      if (choice.override !== undefined) this.#used.add(choice.override);
    }
    const options = choice === undefined ? entry.options : choice.options;
    // What the command line chose stands in no file.
    const word = choice?.override?.word;
    const place = word === undefined ? (choice?.entry?.place ?? entry.place) : undefined;
    const deletion = this.#deletions.get(key);
    const matches =
      deletion?.override.text === undefined || deletion.override.text === options?.join(',');
    if (deletion !== undefined && matches) {
      deletion.used = true;
      this.#used.add(deletion.override);
      return [];
    }
    const chosen = options?.join(',') ?? 'null';
    const known = this.#known.get(key);
    if (known !== undefined) {
      const hint = `to change a choice, write \`override ${key}: …\``;
      this.#report(
        'config/two-choices',
        `the group \`${key}\` is chosen twice: \`${chosen}\` and \`${known}\``,
        place,
        hint,
      );
      return [];
    }
    this.#known.set(key, chosen);
    const relative = entry.group.replace(/^\//, '').replaceAll('/', '.');
    return (options ?? []).flatMap((option) => {
      if (option === '???') {
        this.#report(
          'config/option-required',
          `an option of the group \`${key}\` has to be chosen`,
          place,
          this.#available(group, key),
        );
        return [];
      }
      const path = `${group}/${option.replace(/\.ya?ml$/, '')}`;
      return this.#include(path, group, relative, { ...entry, place, key, option, word }, position);
    });
  }

  #include(
    path: string,
    group: string,
    relative: string,
    entry: {
      readonly package: string | undefined;
      readonly optional: boolean;
      readonly place: Place | undefined;
      readonly key?: string;
      readonly option?: string;
      readonly word?: string | undefined;
    },
    position: Nesting,
  ): readonly ConfigPart[] {
    if (position.inside.includes(path)) {
      const circle = [...position.inside.slice(position.inside.indexOf(path)), path];
      this.#report(
        'config/loop',
        `configs include each other: ${circle.join(' -> ')}`,
        entry.place,
      );
      return [];
    }
    const config = this.#files.load(path);
    if (config === undefined) {
      if (entry.optional) return [];
      const { key, option, word } = entry;
      const prefix = word === undefined ? '' : `\`${word}\`: `;
      if (key === undefined || option === undefined) {
        this.#report('config/missing-option', `there is no \`conf/${path}.yaml\``, entry.place);
      } else {
        const options = this.#files.options(group);
        const hint =
          options.length > 0
            ? this.#available(group, key, option)
            : `conf/${group} has no options: there is no \`conf/${path}.yaml\``;
        this.#report(
          'config/missing-option',
          `${prefix}the group \`${key}\` has no option \`${option}\``,
          entry.place,
          hint,
        );
      }
      return [];
    }
    const pkg = finalPackage(position.package, entry.package ?? config.package ?? relative);
    const inside = [...position.inside, path];
    return this.#expand(config, { group, package: pkg, inside });
  }

  #available(group: string, key: string, option = ''): string {
    const options = this.#files.options(group);
    const near = didYouMean(option, options);
    const list = `available: ${options.join(', ')}; choose with \`${key}=OPTION\``;
    return near?.startsWith('did') ? `${near} ${list}` : list;
  }

  finish(parts: readonly ConfigPart[]): Tree {
    const groups = [...this.#known.keys()];
    for (const [key, { entry, used }] of this.#choices) {
      if (entry === undefined || used) continue;
      const bare = key.split('@')[0] ?? key;
      const hint = groups.includes(bare)
        ? `\`override /${bare}\` reaches the group only from a config that begins with \`# @package _global_\``
        : didYouMean(key, groups);
      this.#report(
        'config/no-such-group',
        `no defaults list has a group \`${key}\` to override`,
        entry.place,
        hint,
      );
    }
    return { parts, used: this.#used, groups, diagnostics: this.#diagnostics };
  }

  #report(
    code: Parameters<typeof diagnose>[0],
    message: string,
    place: Place | undefined,
    hint?: string,
  ): void {
    this.#diagnostics.push(diagnose(code, message, place, hint));
  }
}

const EMPTY: ConfigFile = {
  file: 'params.yaml',
  value: {},
  defaults: [],
  package: undefined,
};
