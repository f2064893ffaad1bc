import { isJsonObject } from '../../model/json.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import type { ValuePath } from '../source.ts';
import { hasTemplate } from './text.ts';

/** What cannot be known because of a problem that is reported where it arises. */
export const UNKNOWN = Symbol('unknown');
export type Known<Value> = Value | typeof UNKNOWN;

/** A value of `vars` that holds templates itself; worked out when first asked for. */
export class Pending {
  readonly settle: () => Known<JsonValue>;

  constructor(settle: () => Known<JsonValue>) {
    this.settle = settle;
  }
}

/** JSON that may have a `Pending` anywhere. */
export type Variable =
  JsonValue | Pending | readonly Variable[] | { readonly [key: string]: Variable };

const isPending = (value: unknown): value is Pending => value instanceof Pending;

const isList = (value: Variable): value is readonly Variable[] => Array.isArray(value);

const isMap = (value: Variable | undefined): value is { readonly [key: string]: Variable } =>
  isJsonObject(value) && !isPending(value);

export interface Conflict {
  /** Dotted. */
  readonly key: string;
  /** Where it is defined already. */
  readonly source: string;
}

export type Found =
  | { readonly kind: 'found'; readonly value: JsonValue }
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'missing';
      /** The steps that lead somewhere, and the one that does not. */
      readonly before: readonly string[];
      readonly step: string;
      /** What the last good step leads to, and the names that could follow. */
      readonly around: JsonValue | undefined;
      readonly names: readonly string[];
    };

/** The names that templates can use at one place of a pipeline; what an inner scope has hides the outer one's. */
export class Scope {
  readonly #own = new Map<string, Variable>();
  readonly #outer: Scope | undefined;
  readonly #layers: { readonly source: string; readonly variables: Variable }[] = [];
  #isComplete = true;
  /** Files that these variables and the outer ones come from: whole, or some keys. */
  readonly files: Map<string, ReadonlySet<string> | 'whole'>;

  constructor(outer?: Scope) {
    this.#outer = outer;
    this.files = new Map(outer?.files);
  }

  /** Names may be missing because of a problem elsewhere, so a name that is not here is no error. */
  markIncomplete(): void {
    this.#isComplete = false;
  }

  get isComplete(): boolean {
    return this.#isComplete && (this.#outer?.isComplete ?? true);
  }

  /** Sets a name, whatever the outer scope calls so. */
  set(name: string, value: JsonValue): void {
    this.#own.set(name, value);
  }

  /** Adds variables. Mappings are merged, anything else that is there already is a conflict and stays. */
  define(source: string, variables: { readonly [key: string]: Variable }): readonly Conflict[] {
    const conflicts: Conflict[] = [];
    for (const [name, value] of Object.entries(variables)) {
      const merged = mergeVariables(this.#get(name), value, name, (key) => {
        conflicts.push({ key, source: this.#sourceOf(key) });
      });
      this.#own.set(name, merged);
    }
    this.#layers.push({ source, variables });
    return conflicts;
  }

  lookUp(steps: readonly string[]): Found {
    const before: string[] = [];
    let at: Variable | undefined;
    for (const step of steps) {
      const around = at;
      const inner = around === undefined ? this.#get(step) : stepInto(around, step);
      if (inner === undefined) {
        if (!this.isComplete) return { kind: 'unknown' };
        const names = around === undefined ? this.#names() : namesIn(around);
        return { kind: 'missing', before, step, around: around as JsonValue | undefined, names };
      }
      const settled = isPending(inner) ? inner.settle() : inner;
      if (settled === UNKNOWN) return { kind: 'unknown' };
      at = settled;
      before.push(step);
    }
    const value = at === undefined ? UNKNOWN : plain(at);
    return value === UNKNOWN ? { kind: 'unknown' } : { kind: 'found', value };
  }

  #get(name: string): Variable | undefined {
    if (this.#own.has(name)) return this.#own.get(name);
    return this.#outer === undefined ? undefined : this.#outer.#get(name);
  }

  #names(): readonly string[] {
    const outer = this.#outer === undefined ? [] : this.#outer.#names();
    return [...new Set([...this.#own.keys(), ...outer])];
  }

  /** The oldest layer that has this key. */
  #sourceOf(key: string): string {
    const outer = this.#outer === undefined ? '' : this.#outer.#sourceOf(key);
    if (outer !== '') return outer;
    const holds = ({ variables }: { readonly variables: Variable }): boolean => {
      let at: Variable | undefined = variables;
      for (const step of key.split('.')) at = at === undefined ? undefined : stepInto(at, step);
      return at !== undefined;
    };
    return this.#layers.find(holds)?.source ?? '';
  }
}

/** From the end in a list when negative, as in DVC. */
function stepInto(value: Variable, step: string): Variable | undefined {
  if (isList(value)) return /^-?\d+$/.test(step) ? value.at(Number(step)) : undefined;
  return isMap(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

const namesIn = (value: Variable): readonly string[] => (isMap(value) ? Object.keys(value) : []);

function mergeVariables(
  below: Variable | undefined,
  above: Variable,
  key: string,
  onConflict: (key: string) => void,
): Variable {
  if (below === undefined) return above;
  if (!isMap(below) || !isMap(above)) {
    onConflict(key);
    return below;
  }
  const merged = new Map<string, Variable>(Object.entries(below));
  for (const [name, value] of Object.entries(above)) {
    merged.set(name, mergeVariables(merged.get(name), value, `${key}.${name}`, onConflict));
  }
  return Object.fromEntries(merged);
}

/** The value with everything in it worked out; the same object where there was nothing to do. */
function plain(value: Variable): Known<JsonValue> {
  if (isPending(value)) return value.settle();
  if (isList(value)) {
    const items = value.map(plain);
    if (items.includes(UNKNOWN)) return UNKNOWN;
    return items.every((item, i) => item === value[i])
      ? (value as JsonValue)
      : (items as JsonValue);
  }
  if (!isMap(value)) return value;
  const members = Object.entries(value).map(([key, inner]) => [key, plain(inner)] as const);
  if (members.some(([, inner]) => inner === UNKNOWN)) return UNKNOWN;
  return members.every(([key, inner]) => inner === value[key])
    ? (value as JsonValue)
    : Object.fromEntries(members as (readonly [string, JsonValue])[]);
}

/**
 * Makes what holds templates inside `value` wait until it is asked for. A list with a template in it
 * waits as a whole, since an item may become several.
 */
export function pendingVariables(
  value: JsonObject,
  pend: (written: JsonValue, path: ValuePath) => Pending,
): { readonly [key: string]: Variable } {
  const visit = (inner: JsonValue, path: ValuePath): Variable => {
    if (!isJsonObject(inner)) return holdsTemplate(inner) ? pend(inner, path) : inner;
    return Object.fromEntries(
      Object.entries(inner).map(([key, member]) => [key, visit(member, [...path, key])]),
    );
  };
  return visit(value, []) as { readonly [key: string]: Variable };
}

/** True when some text in the value is a template. */
function holdsTemplate(value: JsonValue): boolean {
  if (typeof value === 'string') return hasTemplate(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => hasTemplate(key) || holdsTemplate(inner));
}
