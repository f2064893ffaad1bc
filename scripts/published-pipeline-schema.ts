import { isJsonObject } from '../src/model/json.ts';
import type { JsonObject, JsonValue } from '../src/model/json.ts';

const TEMPLATE = { $ref: '#/definitions/template' };

/**
 * The schema of pipeline.yaml as people write it, for editors: that of the resolved pipeline, with a
 * template `${…}` wherever a value may stand, and with `vars`, `foreach` and `matrix`. What is
 * written out is held to the same rules.
 */
export function publishedPipelineSchema(strict: JsonObject): JsonObject {
  const { description, ...others } = strict;
  const { definitions, properties, ...rest } = others as { readonly [key: string]: JsonObject };
  const admitted = mapValues(definitions ?? {}, (definition) => admitTemplates(definition));
  const stage = withFields(definitions?.['stage'], { vars: VARS, matrix: MATRIX });
  const task = withFields(definitions?.['task'], { vars: VARS });
  return {
    ...rest,
    description:
      typeof description === 'string'
        ? description.replace(' with its templates resolved', '')
        : '',
    properties: {
      vars: VARS,
      ...properties,
      stages: {
        ...(properties?.['stages'] as JsonObject),
        additionalProperties: {
          if: { anyOf: [has('foreach'), has('do')] },
          then: { $ref: '#/definitions/foreach' },
          else: { $ref: '#/definitions/stage' },
        },
      },
    },
    // Read without configuration, by commands that have no stages to run.
    definitions: {
      ...admitted,
      stage,
      task,
      remote: definitions?.['remote'] ?? {},
      // As in DVC before its templates reached them: charts name files, and files have names.
      chart: definitions?.['chart'] ?? {},
      fields: definitions?.['fields'] ?? {},
      ...DEFINITIONS,
    },
  };
}

const has = (key: string): JsonObject => ({ type: 'object', required: [key] });

const VARS = { $ref: '#/definitions/vars' };
const MATRIX = { $ref: '#/definitions/matrix' };

const DEFINITIONS: JsonObject = {
  template: {
    description:
      'A value of `vars`, params.yaml, or of the item of a `foreach` or `matrix`: `${key.key}`, `${list[0]}`.',
    type: 'string',
    pattern: '\\$\\{',
  },
  vars: {
    description:
      'Variables for `${…}` beside those of params.yaml: files, `file:key,key`, or mappings. Files are relative to `wdir`.',
    type: 'array',
    default: [],
    items: { type: ['string', 'object'], minLength: 1, minProperties: 1 },
  },
  foreach: {
    description:
      'A stage for each item of a list or mapping, called `name@value`, `name@position` or `name@key`.',
    type: 'object',
    required: ['foreach', 'do'],
    additionalProperties: false,
    properties: {
      foreach: {
        description:
          'The values: `${item}` is one of them, `${key}` its key where they are a mapping.',
        anyOf: [{ type: ['array', 'object'] }, TEMPLATE],
      },
      do: {
        description: 'The stage to make for each.',
        allOf: [{ $ref: '#/definitions/stage' }, { not: has('matrix') }],
      },
    },
  },
  matrix: {
    description:
      'A stage for each combination: lists by name. `${item.name}` is one value of a list, `${key}` what stands behind the `@`.',
    anyOf: [
      {
        type: 'object',
        minProperties: 1,
        additionalProperties: { anyOf: [{ type: 'array' }, TEMPLATE] },
      },
      TEMPLATE,
    ],
  },
};

/** A stage or task: its fields admit templates, it itself is none. */
function withFields(definition: JsonValue | undefined, more: JsonObject): JsonObject {
  const { properties, ...rest } = definition as { readonly [key: string]: JsonObject };
  return { ...rest, properties: { ...mapValues(properties ?? {}, admitTemplates), ...more } };
}

/** A schema that takes a template as well, also for whatever is in the value. */
function admitTemplates(schema: JsonValue): JsonValue {
  if (!isJsonObject(schema) || schema['$ref'] !== undefined) return schema;
  const { description, default: usual, ...own } = schema;
  const { properties, items, additionalProperties, propertyNames } = own;
  const inner: JsonObject = {
    ...own,
    ...(isJsonObject(properties) && { properties: mapValues(properties, admitTemplates) }),
    ...(items !== undefined && { items: admitTemplates(items) }),
    ...(isJsonObject(additionalProperties) && {
      additionalProperties: admitTemplates(additionalProperties),
    }),
    ...(isJsonObject(propertyNames) && { propertyNames: { anyOf: [propertyNames, TEMPLATE] } }),
  };
  const about = {
    ...(description !== undefined && { description }),
    ...(usual !== undefined && { default: usual }),
  };
  return takesAnyText(own) ? { ...about, ...inner } : { ...about, anyOf: [inner, TEMPLATE] };
}

/** Whether the schema admits every template as it is. */
function takesAnyText({ type, pattern, enum: words }: JsonObject): boolean {
  const takesText = type === undefined || [type].flat().includes('string');
  return takesText && (pattern === undefined || pattern === '\\S') && words === undefined;
}

const mapValues = (object: JsonObject, change: (value: JsonValue) => JsonValue): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
