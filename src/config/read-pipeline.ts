import type { Diagnostic } from '../model/diagnostic.ts';
import { isJsonObject } from '../model/json.ts';
import type { JsonValue } from '../model/json.ts';
import { parseStageName } from '../model/names.ts';
import { buildStage, buildTask } from './build-stage.ts';
import type { PlacedStage, PlacedTask } from './build-stage.ts';
import { checkStages } from './check-stages.ts';
import type { RawPipeline } from './raw.ts';
import { diagnose, parseSource, within } from './source.ts';
import type { Source } from './source.ts';
import { validatePipeline } from './validate.ts';
import type { Yaml } from './yaml.ts';

const FILE = 'pipeline.yaml';

export interface PlacedPipeline {
  readonly stages: readonly PlacedStage[];
  readonly tasks: readonly PlacedTask[];
}

const NOTHING: PlacedPipeline = { stages: [], tasks: [] };

/** Text, document, validated pipeline: what is wrong at one step is reported and left out of the next. */
export async function readPipeline(
  yaml: Yaml,
  read: (path: string) => string | undefined,
  report: (diagnostic: Diagnostic) => void,
): Promise<PlacedPipeline> {
  const text = read(FILE);
  if (text === undefined) {
    const hint = '`avian init` writes one; avian looks for it here and in the directories above';
    report(diagnose('pipeline/no-file', `there is no ${FILE}`, undefined, hint));
    return NOTHING;
  }
  const { source, diagnostics } = parseSource(yaml, FILE, text);
  diagnostics.forEach(report);
  if (source === undefined) return NOTHING;
  if (source.value === null) {
    const hint = 'a pipeline without stages says `stages: {}`';
    report(diagnose('pipeline/empty', `${FILE} is empty`, source.at.value([]), hint));
    return NOTHING;
  }
  const document = expand(source);
  const { diagnostics: refused, remaining } = await validatePipeline(document.value, document.at);
  refused.forEach(report);
  const pipeline = build(remaining, document, report);
  checkStages(pipeline.stages).forEach(report);
  return pipeline;
}

// Where one document becomes another of the same shape: stages that stand for several are written
// out here, each keeping a way back to the text it came from through its locator.
const expand = (source: Source): Source => source;

function build(
  value: JsonValue,
  { at }: Source,
  report: (diagnostic: Diagnostic) => void,
): PlacedPipeline {
  // The schema has admitted every part that is still there.
  const pipeline: RawPipeline = isJsonObject(value) ? value : {};
  const { stages = {}, tasks = {} } = pipeline;
  return {
    stages: Object.entries(stages).flatMap(([text, raw]) => {
      const name = parseStageName(text);
      if (name === undefined) throw new Error(`bug: the schema admits the name ${text}`);
      return [buildStage(name, raw, within(at, ['stages', text]), report)];
    }),
    tasks: Object.entries(tasks).map(([name, raw]) =>
      buildTask(name, raw, within(at, ['tasks', name]), report),
    ),
  };
}
