import type { JsonValue } from '../../model/json.ts';
import type { ValuePath } from '../source.ts';

/**
 * Where the parts of resolved lists and mappings stood when they were written. Containers that
 * nothing moved in are not in here: their keys are the written ones.
 */
export class Moves {
  readonly #written = new WeakMap<object, ReadonlyMap<string, string | number>>();
  readonly #lost = new WeakMap<object, readonly string[]>();

  /** `written` by resolved key or position; `lost` are members that a problem left out. */
  note(
    made: object,
    written: ReadonlyMap<string, string | number>,
    lost: readonly string[] = [],
  ): void {
    this.#written.set(made, written);
    if (lost.length > 0) this.#lost.set(made, lost);
  }

  /** The written path to what is at `path` in the resolved `value`. */
  writtenPath(value: JsonValue | undefined, path: ValuePath): ValuePath {
    let at: unknown = value;
    return path.map((key) => {
      const isContainer = typeof at === 'object' && at !== null;
      const written = isContainer ? this.#written.get(at as object)?.get(String(key)) : undefined;
      at =
        isContainer && Object.hasOwn(at as object, key)
          ? Reflect.get(at as object, key)
          : undefined;
      return written ?? key;
    });
  }

  /** True when a mapping lacks the member only because its template could not be resolved. */
  isLost(container: unknown, key: string): boolean {
    return (
      typeof container === 'object' &&
      container !== null &&
      (this.#lost.get(container)?.includes(key) ?? false)
    );
  }
}
