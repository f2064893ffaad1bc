import type { Diagnostic } from '../model/diagnostic.ts';
import { closest, didYouMean } from '../model/did-you-mean.ts';
import { isJsonObject } from '../model/json.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { RepoPath } from '../model/names.ts';
import type { ParamSelector, Project } from '../model/pipeline.ts';
import { err, ok } from '../model/result.ts';
import type { Result } from '../model/result.ts';
import { lookUp } from './lookup.ts';
import { merge } from './overrides.ts';
import { diagnose } from './source.ts';
import type { Place } from './text-places.ts';

/** The file whose place the composed configuration takes. */
export const PARAMS_FILE = 'params.yaml' as RepoPath;
/** A value that has to be given. */
export const MANDATORY = '???';

export interface ResolvedParams {
  /** Flat, by key as shown to people: `train.lr`, `train` for a whole group, `other.yaml:lr`, `other.yaml` for a whole file. Enters the fingerprint. */
  readonly values: JsonObject;
  /** Nested as in the files, for AVIAN_PARAMS: `{train: {lr}}`; values of other files under the file's name: `{"other.yaml": {lr}}`. */
  readonly file: JsonObject;
}

/** The declared params of a stage or task, and only those. Every selection that cannot be met is an error. */
export function resolveParams(
  { params }: { readonly params: readonly ParamSelector[] },
  project: Pick<Project, 'config' | 'paramFiles'>,
): Result<ResolvedParams, readonly Diagnostic[]> {
  const problems: Diagnostic[] = [];
  const values: [string, JsonValue][] = [];
  let file: JsonObject = {};
  for (const selector of params) {
    const selected = selectParam(selector, project);
    if (!selected.ok) {
      problems.push(selected.error);
      continue;
    }
    values.push([shownKey(selector), selected.value]);
    // What lies in a selected group is in the file with it; a position of a list could not be merged.
    if (params.some((other) => isInside(selector, other))) continue;
    file = merge(file, nest(selector, selected.value)) as JsonObject;
  }
  return problems.length > 0 ? err(problems) : ok({ values: Object.fromEntries(values), file });
}

/** Whether `outer` selects a whole that `inner` is a part of. */
const isInside = (inner: ParamSelector, outer: ParamSelector): boolean =>
  inner.file === outer.file &&
  inner.key !== undefined &&
  (outer.key === undefined || inner.key.startsWith(`${outer.key}.`));

/** How a parameter is named to people and in fingerprints. */
export const shownKey = ({ file, key }: ParamSelector): string =>
  file === PARAMS_FILE && key !== undefined ? key : key === undefined ? file : `${file}:${key}`;

function nest({ file, key }: ParamSelector, value: JsonValue): JsonObject {
  const keys = [...(file === PARAMS_FILE ? [] : [file]), ...(key?.split('.') ?? [])];
  const nested = keys.reduceRight<JsonValue>(
    (inner, name) => Object.fromEntries([[name, inner]]),
    value,
  );
  // A file of parameters is a mapping, so only a bug makes this anything else.
  if (!isJsonObject(nested)) throw new Error(`bug: ${file} is no mapping`);
  return nested;
}

/** One selection; `place` is where it stands in pipeline.yaml, when that is known. */
export function selectParam(
  selector: ParamSelector,
  { config, paramFiles }: Pick<Project, 'config' | 'paramFiles'>,
  place?: Place,
): Result<JsonValue, Diagnostic> {
  const { file, key } = selector;
  const content = file === PARAMS_FILE ? config : paramFiles[file];
  if (content === undefined) {
    return err(diagnose('params/missing-file', `there is no \`${file}\``, place));
  }
  if (key === undefined) return mandatory(selector, content, place) ?? ok(content);
  const found = lookUp(content, key);
  if (found.ok) return mandatory(selector, found.value, place) ?? ok(found.value);

  const where = found.before.length === 0 ? '' : ` \`${found.before.join('.')}\` of`;
  const looked = file === PARAMS_FILE ? 'params.yaml and the configs it composes' : `\`${file}\``;
  const message = `there is no parameter \`${key}\` (looked in${where} ${looked})`;
  const near = closest(found.missing, found.available);
  const whole = near && [...found.before, near, ...key.split('.').slice(found.before.length + 1)];
  const [, otherFile, inside] = /^([^:]+\.(?:ya?ml|json)):(.*)$/.exec(key) ?? [];
  const hint =
    otherFile !== undefined
      ? `another file is written \`- ${otherFile}:${inside === '' ? '' : ` [${inside ?? ''}]`}\``
      : whole
        ? `did you mean "${whole.join('.')}"?`
        : didYouMean(found.missing, found.available);
  return err(diagnose('params/missing-key', message, place, hint));
}

function mandatory(
  selector: ParamSelector,
  value: JsonValue,
  place?: Place,
): Result<never, Diagnostic> | undefined {
  const inside = mandatoryIn(value);
  if (inside === undefined) return undefined;
  const key = [...(selector.key === undefined ? [] : [selector.key]), ...inside].join('.');
  const message = `the parameter \`${key}\` has to be given`;
  const hint =
    selector.file === PARAMS_FILE
      ? `give it on the command line: \`${key}=VALUE\``
      : `give it a value in \`${selector.file}\``;
  return err(diagnose('params/mandatory', message, place, hint));
}

/** The way to the first `???` in a value. */
function mandatoryIn(value: JsonValue): readonly string[] | undefined {
  if (value === MANDATORY) return [];
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = mandatoryIn(inner);
    if (found !== undefined) return [key, ...found];
  }
  return undefined;
}
