import type { Diagnostic, Span } from '../model/diagnostic.ts';
import { isJsonObject } from '../model/json.ts';
import type { JsonValue } from '../model/json.ts';
import { parseStageName } from '../model/names.ts';
import type { PlotDeclaration } from '../model/plot.ts';
import type { Remote, Remotes } from '../model/remote.ts';
import { buildCharts } from './build-charts.ts';
import { buildStage, buildTask } from './build-stage.ts';
import type { PlacedStage, PlacedTask } from './build-stage.ts';
import { checkStages } from './check-stages.ts';
import { resolveGroupDeps } from './group-deps.ts';
import type { RawPipeline, RawRemote } from './raw.ts';
import { diagnose, parseSource, within } from './source.ts';
import type { Locator, Source } from './source.ts';
import { expand } from './templates/expand.ts';
import type { ExpandOptions } from './templates/expand.ts';
import { validatePipeline } from './validate.ts';
import type { Yaml } from './yaml.ts';

const FILE = 'pipeline.yaml';

export interface PlacedPipeline {
  readonly stages: readonly PlacedStage[];
  readonly tasks: readonly PlacedTask[];
  readonly plots?: readonly PlotDeclaration[];
  readonly remotes?: Remotes;
  /** See `Expanded`. */
  readonly isShared: (span: Span) => boolean;
}

const NOTHING: PlacedPipeline = { stages: [], tasks: [], isShared: () => false };

/** The text as a document, or nothing when there is none that says something. */
export function parsePipeline(
  yaml: Yaml,
  read: (path: string) => string | undefined,
  report: (diagnostic: Diagnostic) => void,
): Source | undefined {
  const text = read(FILE);
  if (text === undefined) {
    const hint = '`avian init` writes one; avian looks for it here and in the directories above';
    report(diagnose('pipeline/no-file', `there is no ${FILE}`, undefined, hint));
    return undefined;
  }
  const { source, diagnostics } = parseSource(yaml, FILE, text);
  diagnostics.forEach(report);
  if (source?.value !== null) return source;
  const hint = 'a pipeline without stages says `stages: {}`';
  report(diagnose('pipeline/empty', `${FILE} is empty`, source.at.value([]), hint));
  return undefined;
}

/** Document, templates, validated pipeline: what is wrong at one step is reported and left out of the next. */
export async function buildPipeline(
  source: Source | undefined,
  options: ExpandOptions,
): Promise<PlacedPipeline> {
  if (source === undefined) return NOTHING;
  const { report } = options;
  const document = expand(source, options);
  const { diagnostics: refused, remaining } = await validatePipeline(document);
  refused.forEach(report);
  const { stages, ...declared } = build(remaining, document, report);
  const whole = resolveGroupDeps(stages, report);
  checkStages(whole).forEach(report);
  return { stages: whole, ...declared, isShared: document.isShared };
}

function build(
  value: JsonValue,
  { at }: Source,
  report: (diagnostic: Diagnostic) => void,
): Omit<PlacedPipeline, 'isShared'> {
  // The schema has admitted every part that is still there.
  const pipeline: RawPipeline = isJsonObject(value) ? value : {};
  const { stages = {}, tasks = {}, cache = {}, plots = [] } = pipeline;
  const charts = buildCharts(plots, within(at, ['plots']), report);
  const remotes = buildRemotes(pipeline, at, report);
  return {
    stages: Object.entries(stages).flatMap(([text, raw]) => {
      const name = parseStageName(text);
      if (name === undefined) throw new Error(`bug: the schema admits the name ${text}`);
      const built = buildStage(name, raw, within(at, ['stages', text]), report);
      return [cache.link === 'hardlink' ? withLinks(built) : built];
    }),
    tasks: Object.entries(tasks).map(([name, raw]) =>
      buildTask(name, raw, within(at, ['tasks', name]), report),
    ),
    ...(charts.length > 0 && { plots: charts }),
    ...(remotes !== undefined && { remotes }),
  };
}

/** A command that writes into its old out would write into the cache through a link. */
function withLinks(placed: PlacedStage): PlacedStage {
  const outs = placed.stage.outs.map((out) =>
    out.cache && !out.persist ? { ...out, link: 'hardlink' as const } : out,
  );
  return { ...placed, stage: { ...placed.stage, outs } };
}

function pricesOf(raw: NonNullable<RawRemote['prices']>): NonNullable<Remote['prices']> {
  const { storage, 'class-a': classA, 'class-b': classB, egress } = raw;
  return {
    ...(storage !== undefined && { storage }),
    ...(classA !== undefined && { classA }),
    ...(classB !== undefined && { classB }),
    ...(egress !== undefined && { egress }),
  };
}

function buildRemotes(
  { remote, remotes }: RawPipeline,
  at: Locator,
  report: (diagnostic: Diagnostic) => void,
): Remotes | undefined {
  if (remote === undefined && remotes === undefined) return undefined;
  const known = Object.entries(remotes ?? {}).flatMap(([name, raw]): Remote[] => {
    const { url, endpoint, prices } = raw;
    if (url === undefined) return [];
    return [
      {
        ...{ name, url, ...(endpoint !== undefined && { endpoint }) },
        ...(prices !== undefined && { prices: pricesOf(prices) }),
      },
    ];
  });
  // Compared with what is written: one that was refused is reported already.
  if (remote !== undefined && !Object.hasOwn(remotes ?? {}, remote)) {
    const names = Object.keys(remotes ?? {});
    const hint =
      names.length === 0 ? `avian remote add ${remote} URL` : `it has: ${names.join(', ')}`;
    const message = `there is no remote \`${remote}\` under \`remotes\``;
    report(diagnose('pipeline/bad-remote', message, at.value(['remote']), hint));
  }
  return { known, ...(remote !== undefined && { default: remote }) };
}
