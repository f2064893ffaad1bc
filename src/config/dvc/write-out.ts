import type { Diagnostic } from '../../model/diagnostic.ts';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { RepoPath } from '../../model/names.ts';
import { parseSource, type Source } from '../source.ts';
import { expand } from '../templates/expand.ts';
import type { Yaml } from '../yaml.ts';
import { objectOf } from './loose-json.ts';
import type { Noter } from './notes.ts';
import { isTemplate } from './translate-stage.ts';

/**
 * The stages of a dvc.yaml in a folder below. Its templates see the params.yaml and files of that
 * folder, which those of pipeline.yaml do not, so what they stand for is written out. Stages whose
 * templates cannot be resolved are told and left out.
 */
export function withoutTemplates(
  yaml: Yaml,
  source: Source,
  folder: RepoPath,
  read: (path: string) => string | undefined,
  noter: Noter,
): JsonObject {
  const stages = objectOf(objectOf(source.value)['stages']);
  const templated = Object.entries(stages).filter(([, raw]) => isTemplated(raw));
  if (templated.length === 0) return stages;

  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const inFolder = (path: string): string | undefined => read(`${folder}/${path}`);
  const params = parseSource(yaml, `${folder}/params.yaml`, inFolder('params.yaml') ?? '');
  params.diagnostics.forEach(report);
  const options = { yaml, read: inFolder, list: () => [], report };
  const expanded = expand(source, { ...options, config: objectOf(params.source?.value) });
  const [wrong] = diagnostics;
  if (wrong !== undefined) {
    for (const [was] of templated) {
      noter.note(
        'import-dvc/templated-elsewhere',
        ['stages', was],
        `the stage \`${was}\` is not taken over: its templates cannot be resolved (${wrong.message})`,
        'mend it and import again, or write it into pipeline.yaml with `wdir`',
      );
    }
    return Object.fromEntries(Object.entries(stages).filter(([, raw]) => !isTemplated(raw)));
  }
  for (const [was] of templated) {
    noter.note(
      'import-dvc/written-out',
      ['stages', was],
      `the templates of \`${was}\` are written out: their values are those of \`${folder}\``,
      'move the values into the `vars` of pipeline.yaml to have a template again',
    );
  }
  const written = objectOf(objectOf(expanded.value)['stages']);
  return Object.fromEntries(
    Object.entries(written).map(([name, raw]) => {
      const { vars: _, ...stage } = objectOf(raw);
      return [name, literal(stage)];
    }),
  );
}

/** Whether a stage takes values from elsewhere, or stands for several. */
const isTemplated = (raw: JsonValue): boolean =>
  isJsonObject(raw) &&
  (raw['foreach'] !== undefined || raw['matrix'] !== undefined || isTemplate(canonicalJson(raw)));

/** What looks like a template and is none stays so in pipeline.yaml. */
function literal(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.replaceAll('${', '\\${');
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(literal);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, literal(inner)]));
}
