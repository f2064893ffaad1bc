/** The parameters of a stage, read with their types; what does not fit is named by its dotted key. */
import { StageError } from './stage-error.ts';

export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
}

/** Every reader throws StageError where the key is missing or its value does not fit. */
export interface Params {
  has(key: string): boolean;
  text(key: string): string;
  choice<T extends string>(key: string, choices: readonly T[]): T;
  boolean(key: string): boolean;
  /** A finite number within the range, ends included. */
  number(key: string, range?: NumberRange): number;
  integer(key: string, range?: NumberRange): number;
  /** The params below `key`, as `data` holds `data.source`; messages still name the whole key. */
  group(key: string): Params;
  /** The value as it came, undefined where there is none. */
  value(key: string): unknown;
}

/** `tree` is what AVIAN_PARAMS held; keys are dotted paths into it. */
export function createParams(tree: unknown, prefix = ''): Params {
  const full = (key: string): string => (prefix === '' ? key : `${prefix}.${key}`);

  function value(key: string): unknown {
    let node: unknown = tree;
    for (const part of key.split('.')) {
      if (typeof node !== 'object' || node === null || !Object.hasOwn(node, part)) return undefined;
      node = (node as Record<string, unknown>)[part];
    }
    return node;
  }

  function required(key: string, wanted: string): unknown {
    const found = value(key);
    // `???` is how a config group says that a value has to be given (Hydra's mark).
    if (found === undefined || found === null || found === '???') {
      throw new StageError(
        `the parameter ${full(key)} is missing; it is ${wanted}`,
        `set it in params.yaml or conf/, or override it: ${full(key)}=…`,
      );
    }
    return found;
  }

  function refuse(key: string, found: unknown, wanted: string): StageError {
    return new StageError(
      `the parameter ${full(key)} is ${JSON.stringify(found)}, but has to be ${wanted}`,
      `correct it in params.yaml or conf/, or override it: ${full(key)}=…`,
    );
  }

  function number(key: string, range: NumberRange, integer: boolean): number {
    const wanted = `${integer ? 'a whole number' : 'a number'}${describeRange(range)}`;
    const found = required(key, wanted);
    const { min = -Infinity, max = Infinity } = range;
    const fits =
      typeof found === 'number' &&
      (integer ? Number.isSafeInteger(found) : Number.isFinite(found)) &&
      found >= min &&
      found <= max;
    if (!fits) throw refuse(key, found, wanted);
    return found;
  }

  return {
    value,
    has: (key) => value(key) !== undefined,
    text(key) {
      const found = required(key, 'a text');
      if (typeof found !== 'string' || found === '') throw refuse(key, found, 'a text');
      return found;
    },
    choice(key, choices) {
      const wanted = choices.join(' or ');
      const found = required(key, wanted);
      const chosen = choices.find((choice) => choice === found);
      if (chosen === undefined) throw refuse(key, found, wanted);
      return chosen;
    },
    boolean(key) {
      const found = required(key, 'true or false');
      if (typeof found !== 'boolean') throw refuse(key, found, 'true or false');
      return found;
    },
    number: (key, range = {}) => number(key, range, false),
    integer: (key, range = {}) => number(key, range, true),
    group(key) {
      const found = required(key, 'a group of parameters');
      if (typeof found !== 'object') throw refuse(key, found, 'a group of parameters');
      return createParams(found, full(key));
    },
  };
}

function describeRange({ min, max }: NumberRange): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}
