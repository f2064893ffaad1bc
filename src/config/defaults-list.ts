import type { Diagnostic } from '../model/diagnostic.ts';
import { isJsonObject } from '../model/json.ts';
import type { JsonValue } from '../model/json.ts';
import { diagnose } from './source.ts';
import type { Locator } from './source.ts';
import type { Place } from './text-places.ts';

/** One line of a `defaults` list. */
export type Entry =
  | { readonly kind: 'self'; readonly place: Place | undefined }
  /** `- base`: a config of the same directory. */
  | {
      readonly kind: 'config';
      readonly path: string;
      readonly package: string | undefined;
      readonly optional: boolean;
      readonly place: Place;
    }
  | GroupEntry;

/** `- model: small`, `- optional model: x`, `- model: null`, `- override /model: large`. */
export interface GroupEntry {
  readonly kind: 'group';
  /** As written: from the directory of the config, or with a leading `/` from conf/. */
  readonly group: string;
  /** After `@`. */
  readonly package: string | undefined;
  readonly options: readonly string[] | null;
  readonly optional: boolean;
  readonly override: boolean;
  /** Absent for one that the command line adds. */
  readonly place: Place | undefined;
}

/** Reads a config's `defaults`; what cannot be read is reported and left out. */
export function readDefaults(
  value: JsonValue | undefined,
  at: Locator,
  report: (diagnostic: Diagnostic) => void,
): readonly Entry[] {
  if (value === undefined || value === null) return [];
  const bad = (message: string, place: Place): readonly Entry[] => {
    report(diagnose('config/bad-defaults', message, place, FORMS));
    return [];
  };
  if (!isList(value)) return bad('`defaults` has to be a list', at.value(['defaults']));
  const entries = value.flatMap((item, i): readonly Entry[] => {
    const place = at.value(['defaults', i]);
    if (typeof item === 'string') {
      if (item === '_self_') return [{ kind: 'self', place }];
      const [path = '', pkg] = item.split('@');
      if (!isName(path)) return bad(`\`${item}\` names no config`, place);
      return [{ kind: 'config', path, package: pkg, optional: false, place }];
    }
    const [pair, ...more] = isJsonObject(item) ? Object.entries(item) : [];
    if (pair === undefined || more.length > 0) return bad('this is no entry of defaults', place);
    const [key, chosen] = pair;
    const words = key.trim().split(/\s+/);
    const [group = '', pkg] = (words.pop() ?? '').split('@');
    const unknown = words.find((word) => word !== 'optional' && word !== 'override');
    if (unknown !== undefined) return bad(`\`${unknown}\` is not a word of defaults`, place);
    if (!isName(group)) return bad(`\`${group}\` names no config group`, place);
    if (pkg !== undefined && !/^\w[\w-]*(\.\w[\w-]*)*$/.test(pkg.replace('_group_', '/'))) {
      return bad(`\`${pkg}\` names no package`, place);
    }
    const options = readOptions(chosen);
    if (options === undefined) return bad(`\`${key}\` has to choose an option by name`, place);
    return [
      {
        kind: 'group',
        group,
        package: pkg,
        options,
        optional: words.includes('optional'),
        override: words.includes('override'),
        place,
      },
    ];
  });
  checkOrder(entries, report);
  return entries;
}

const FORMS =
  'entries are `group: option`, `group: null`, `optional group: option`, `override /group: option`, `config` and `_self_`';

function checkOrder(entries: readonly Entry[], report: (diagnostic: Diagnostic) => void): void {
  const isOverride = (entry: Entry): boolean => entry.kind === 'group' && entry.override;
  const firstOverride = entries.findIndex(isOverride);
  const late = entries.findLast((entry) => entry.kind !== 'self' && !isOverride(entry));
  const first = entries[firstOverride];
  if (first?.kind === 'group' && late !== undefined && entries.indexOf(late) > firstOverride) {
    const hint = 'move `override` entries to the end of the list';
    const message = `\`override ${first.group}\` stands before other entries`;
    report(diagnose('config/overrides-last', message, first.place, hint));
  }
  const [, second] = entries.filter(({ kind }) => kind === 'self');
  if (second !== undefined) {
    report(diagnose('config/bad-defaults', '`_self_` is there twice', second.place));
  }
}

/** A path below conf/, not leaving it. Interpolations come with templating. */
const isName = (text: string): boolean =>
  /^\/?[^/\s${}\\]+(\/[^/\s${}\\]+)*$/.test(text) && !text.split('/').includes('..');

function readOptions(value: JsonValue): readonly string[] | null | undefined {
  if (value === null) return null;
  const options = isList(value) ? value : [value];
  const names = options.flatMap((option) =>
    typeof option === 'string' || typeof option === 'number' ? [String(option)] : [],
  );
  return names.length === options.length && names.every(isName) ? names : undefined;
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
