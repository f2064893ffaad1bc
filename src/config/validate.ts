import type { ErrorObject } from 'ajv';
import type { Diagnostic } from '../model/diagnostic.ts';
import { closest } from '../model/did-you-mean.ts';
import { isJsonObject } from '../model/json.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Code } from './codes.ts';
import { diagnose, lookUpPath, member, nameOfType } from './source.ts';
import type { Locator, ValuePath } from './source.ts';
import type { Expanded } from './templates/expand.ts';
import type { Place } from './text-places.ts';

export interface Validated {
  readonly diagnostics: readonly Diagnostic[];
  /** The value without what the schema refuses, so that the rest can be checked in the same go. */
  readonly remaining: JsonValue;
}

/**
 * Checks a pipeline, its templates resolved, against its schema and says in words what does not fit.
 * What `isLost` because of another problem is not missed.
 */
export async function validatePipeline({
  value,
  at,
  isLost,
}: Pick<Expanded, 'value' | 'at' | 'isLost'>): Promise<Validated> {
  const { validate } = await import('./generated/pipeline.js');
  if (validate(value)) return { diagnostics: [], remaining: value };

  const { default: schema } = await import('./pipeline.schema.json', {
    with: { type: 'json' },
  });
  const remaining = structuredClone<JsonValue>(value);
  const diagnostics: Diagnostic[] = [];
  for (const error of validate.errors ?? []) {
    // Its cause is reported by itself.
    if (error.keyword === 'propertyNames') continue;
    const path = pathOf(error);
    if (isLost(lookUpPath(value, path), String(error.params['missingProperty']))) continue;
    diagnostics.push(inWords(error, path, value, schema, at));
    if (error.keyword !== 'required') remove(remaining, path);
  }
  return { diagnostics, remaining };
}

const OUT_LISTS = new Set(['outs', 'metrics', 'plots']);

/** To the value, or for a key that should not be there, or is missing, to that key. */
function pathOf({ instancePath, params, propertyName }: ErrorObject): ValuePath {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key: unknown = propertyName ?? params['additionalProperty'];
  return typeof key === 'string' ? [...path, key] : path;
}

function inWords(
  error: ErrorObject,
  path: ValuePath,
  value: JsonValue,
  schema: JsonObject,
  at: Locator,
): Diagnostic {
  const what = describe(path);
  const key = String(path.at(-1) ?? '');
  const known = schemaAt(schema, error.propertyName === undefined ? path : path.slice(0, -1));
  const explanation = typeof known?.['description'] === 'string' ? known['description'] : undefined;
  switch (error.keyword) {
    case 'additionalProperties': {
      const parent = path.slice(0, -1);
      const keys = [
        ...Object.keys(objectOf(schemaAt(schema, parent)?.['properties'])),
        ...templatingKeys(parent),
      ];
      return diagnose(
        'pipeline/unknown-key',
        `${describe(parent)} has no key \`${key}\``,
        at.key(path),
        hintForKey(key, keys),
      );
    }
    case 'required': {
      const missing = String(error.params['missingProperty']);
      const hint = missing === 'stages' ? 'a pipeline without stages says `stages: {}`' : undefined;
      return diagnose('pipeline/missing-key', `${what} has no \`${missing}\``, at.key(path), hint);
    }
    case 'type': {
      if (path.at(-2) === 'gate') return badGate(what, at.value(path));
      const types = [error.params['type']]
        .flat()
        .map((type) => TYPES[String(type)] ?? String(type));
      const found = nameOfType(lookUpPath(value, path));
      // `{path: model, cache: false}`, as other tools have it.
      const isPathOfOut = key === 'path' && OUT_LISTS.has(String(path.at(-3)));
      const hint = isPathOfOut
        ? `the path is the key: \`- ${found}: {…}\``
        : path.length > 0
          ? explanation
          : undefined;
      return diagnose(
        'pipeline/wrong-type',
        `${what} has to be ${types.join(' or ')}, not ${found}`,
        found === 'empty' ? at.key(path) : at.value(path),
        hint,
      );
    }
    case 'enum':
      if (key === 'link') {
        const found = nameOfType(lookUpPath(value, path));
        const message = `\`${path.join('.')}\` cannot be ${found}`;
        return diagnose('pipeline/bad-value', message, at.value(path), 'it is copy or hardlink');
      }
      return diagnose(
        'pipeline/unknown-executor',
        `there is no executor ${nameOfType(lookUpPath(value, path))}`,
        at.value(path),
        'available: local',
      );
    case 'pattern': {
      if (error.propertyName !== undefined) {
        return diagnose(
          'pipeline/bad-name',
          `\`${key}\` cannot be a name`,
          at.key(path),
          path.at(-2) === 'env'
            ? 'variables have letters, digits and `_`, and begin with no digit'
            : 'letters, digits, `_`, and after the first character also `-`, `.` and `@`',
        );
      }
      const { code, message, hint } = PATTERNS[String(error.params['pattern'])] ?? OTHER_PATTERN;
      return diagnose(code, `${what} ${message}`, at.value(path), hint ?? explanation);
    }
    case 'minItems':
    case 'minProperties':
      return diagnose('pipeline/empty-value', `${what} is empty`, at.value(path), explanation);
    case 'minimum':
    case 'exclusiveMinimum': {
      const bound = String(error.params['limit']);
      const words = error.keyword === 'minimum' ? `at least ${bound}` : `more than ${bound}`;
      return diagnose(
        'pipeline/bad-value',
        `${what} has to be ${words}`,
        at.value(path),
        explanation,
      );
    }
    default:
      // The schema has no further keywords; a test holds it to that.
      throw new Error(`bug: no words for ${error.keyword}`);
  }
}

function badGate(what: string, place: Place): Diagnostic {
  const { code, message, hint } = PATTERNS[GATE] ?? OTHER_PATTERN;
  return diagnose(code, `${what} ${message}`, place, hint);
}

const TYPES: { readonly [type: string]: string } = {
  string: 'text',
  array: 'a list',
  object: 'a mapping',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'empty',
};

interface PatternWords {
  readonly code: Code;
  readonly message: string;
  readonly hint?: string;
}

const OTHER_PATTERN: PatternWords = {
  code: 'pipeline/bad-value',
  message: 'has a value that it does not take',
};

const GATE = '^\\s*(>=|>|<=|<|==)\\s*[-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?\\s*$';

/** What it means not to match a pattern of the schema; a test holds the two together. */
export const PATTERNS: { readonly [pattern: string]: PatternWords } = {
  '\\S': { code: 'pipeline/empty-value', message: 'is empty' },
  '^[A-Za-z_][A-Za-z0-9_]*$': {
    code: 'pipeline/bad-name',
    message: 'is no name of an environment variable',
    hint: 'to set a value, write `NAME: value` instead of a list',
  },
  '^[A-Za-z0-9@][A-Za-z0-9@._/+:-]*$': {
    code: 'pipeline/bad-name',
    message: 'is no name of a tool',
    hint: 'such as `node` or `npm:<package>`',
  },
  '^[0-9]+(\\.[0-9]+)? ?([KMGT]i?)?B$': {
    code: 'pipeline/bad-size',
    message: 'is no size',
    hint: 'such as `2GiB`, `500MB`, or a number of bytes',
  },
  '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d|w))+$': {
    code: 'pipeline/bad-duration',
    message: 'is no duration',
    hint: 'such as `90s`, `10m`, `1h30m`, `1d`, or a number of seconds',
  },
  '^(maximize|minimize)$': {
    code: 'pipeline/bad-value',
    message: 'has to be `maximize` or `minimize`',
  },
  '^(gs://[a-z0-9]|file:///)': {
    code: 'pipeline/bad-remote',
    message: 'is no address of a remote',
    hint: 'such as `gs://bucket/prefix` or `file:///directory`',
  },
  '^https?://[^/]': {
    code: 'pipeline/bad-remote',
    message: 'is no endpoint',
    hint: 'such as `http://127.0.0.1:4443`',
  },
  [GATE]: {
    code: 'pipeline/bad-gate',
    message: 'is no gate',
    hint: 'a comparison (`>=`, `>`, `<=`, `<`, `==`) and a number, such as `">= 0.90"`',
  },
};

const NOT_YET: { readonly [key: string]: string } = {
  remote: 'an out cannot name its remote in this version of avian',
  labels: 'put labels under `meta`',
  artifacts: 'describe an out where it is declared, with `desc`, `type` and `meta`',
};
const BELONGS: { readonly [key: string]: string } = {
  gate: '`gate` belongs to an entry of `metrics`',
  direction: '`direction` belongs to an entry of `metrics`',
  x: '`x` belongs to an entry of `plots`',
  y: '`y` belongs to an entry of `plots`',
  template: '`template` belongs to an entry of `plots`',
  foreach: '`foreach` belongs to a stage',
  do: '`do` belongs beside the `foreach` of a stage',
  matrix: '`matrix` belongs to a stage, not under `do`',
  vars: '`vars` belongs to the pipeline, a stage or a task',
  cmd: 'a stage stands under `stages:` and its name',
  deps: '`deps` belongs to a stage',
  outs: '`outs` belongs to a stage',
  metrics: '`metrics` belongs to a stage',
  plots: '`plots` belongs to a stage',
  params: '`params` belongs to a stage or task',
};

/** Keys that are gone when the schema sees a pipeline. */
function templatingKeys([section, ...inner]: ValuePath): readonly string[] {
  if (section === undefined) return ['vars'];
  if (inner.length !== 1) return [];
  return section === 'stages' ? ['vars', 'foreach', 'matrix'] : ['vars'];
}

function hintForKey(key: string, known: readonly string[]): string {
  const near = closest(key, known);
  if (Object.hasOwn(NOT_YET, key)) return NOT_YET[key] ?? '';
  if (near !== undefined) return `did you mean "${near}"?`;
  if (Object.hasOwn(BELONGS, key)) return BELONGS[key] ?? '';
  return `it has: ${known.join(', ')}`;
}

const OWNERS: { readonly [section: string]: string } = { tasks: 'task', remotes: 'remote' };

/** ``deps[0]` of stage `train``, as a person would say it. */
function describe(path: ValuePath): string {
  const [top, name, ...rest] = path;
  if (top === undefined) return 'pipeline.yaml';
  if (name === undefined) return `\`${top}\``;
  // A list: what its members are called is not needed to find them.
  if (top === 'plots') return `\`plots[${name}]${rest.map((key) => `.${key}`).join('')}\``;
  const owner = `${OWNERS[top] ?? 'stage'} \`${name}\``;
  if (rest.length === 0) return owner;
  const inner = rest.reduce<string>((text, key) => {
    if (/^\d+$/.test(String(key)) && text !== '') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${key}`;
  }, '');
  return `\`${inner}\` of ${owner}`;
}

// A removed item leaves a hole, which `map` and `flatMap` pass over while the others keep their
// positions, and with them their places in the text.
function remove(value: JsonValue, path: ValuePath): void {
  const parent = lookUpPath(value, path.slice(0, -1));
  if (typeof parent === 'object' && parent !== null) {
    Reflect.deleteProperty(parent, path.at(-1) ?? '');
  }
}

/** The part of the schema that describes the value at `path`. */
function schemaAt(schema: JsonObject, path: ValuePath): JsonObject | undefined {
  const follow = (node: JsonValue | undefined): JsonObject | undefined => {
    if (!isJsonObject(node)) return undefined;
    const reference = node['$ref'];
    if (typeof reference !== 'string') return node;
    const [, , definition = ''] = reference.split('/');
    return follow(member(schema['definitions'], definition));
  };
  let node: JsonObject | undefined = schema;
  for (const key of path) {
    const named = member(node?.['properties'], String(key));
    const item = /^\d+$/.test(String(key)) ? node?.['items'] : undefined;
    node = follow(item ?? named ?? node?.['additionalProperties']);
  }
  return node;
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
