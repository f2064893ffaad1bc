import { sameContent, toRef, type ArtifactRef } from '../model/artifact.ts';
import type { DvcEntry, DvcLockedStage } from '../config/dvc/dvc-files.ts';
import type { TranslatedProject } from '../config/dvc/translate-project.ts';
import { isExternal } from '../config/dvc/translate-stage.ts';
import { shownKey } from '../config/params.ts';
import { fingerprintInput, fingerprintOf } from '../engine/fingerprint.ts';
import { provenanceOf } from '../engine/provenance.ts';
import { flattenMetrics, type MetricValues } from '../engine/metrics.ts';
import type { StageWork, Workload } from '../engine/request.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { DvcImportView, DvcNote } from '../model/dvc.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import {
  attemptId,
  parseRepoPath,
  type Digest,
  type RepoPath,
  type StageName,
} from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { RunRecord } from '../model/run.ts';
import type { DvcCache, DvcCacheProblem } from '../ports/dvc-cache.ts';
import type { CommandContext } from './context.ts';
import { DvcContents } from './dvc-contents.ts';

/** What DVC knew and avian now knows. */
export interface Adopted {
  readonly lockedStages: ReadonlySet<StageName>;
  readonly sources: DvcImportView['sources'];
}

type Source = TranslatedProject['sources'][number];
type Tell = (note: DvcNote) => void;

/** What an import would find: nothing is read but the names in DVC's cache. */
export function stockTake(
  project: TranslatedProject,
  workload: Workload | undefined,
  dvc: DvcCache,
  tell: Tell,
): Adopted {
  const lacks = (entry: DvcEntry, what: string, file: string): boolean => {
    const missing = entry.hash === undefined ? [] : dvc.missing(entry.hash);
    if (missing.length > 0) tell(missingNote({ kind: 'missing', objects: missing }, what, file));
    return missing.length > 0;
  };
  const lockedStages = new Set<StageName>();
  for (const { name, file, stage } of project.locked) {
    const work = workload?.work.get(name as StageName);
    if (work === undefined) continue;
    const cached = stage.outs.filter((out) => declaredOut(work.stage, out)?.cache === true);
    const lacking = cached.filter((out) =>
      lacks(out, `\`${out.path}\` of stage \`${name}\``, file),
    );
    if (lacking.length === 0) lockedStages.add(work.stage.name);
  }
  const sources = project.sources.map(({ path, file, entry }) => {
    lacks(entry, `\`${path}\``, file);
    return { path };
  });
  return { lockedStages, sources };
}

/**
 * Takes over what dvc.lock and .dvc files name: contents into the cache, each stage's last run as
 * a record marked adopted, and both into pipeline.lock. A stage with an out whose content is not
 * to be had is left out, since a record promises that its objects are there.
 */
export async function adopt(
  project: TranslatedProject,
  workload: Workload | undefined,
  dvc: DvcCache,
  context: CommandContext,
  tell: Tell,
): Promise<Result<Adopted, Problem>> {
  const { ports } = context;
  const readable = await ports.lock.read();
  if (!readable.ok) return readable;
  const contents = new DvcContents(dvc, context);

  const sources: (Adopted['sources'][number] & Pick<Source, 'origin'>)[] = [];
  for (const { path, file, entry, origin } of project.sources) {
    if (entry.hash === undefined) {
      tell(unhashedNote(path, file));
      sources.push({ path });
      continue;
    }
    const content = await contents.kept(path, entry.hash, entry.executable);
    if (!content.ok) tell(missingNote(content.error, `\`${path}\``, file));
    sources.push({
      path,
      ...(content.ok && { content: content.value }),
      ...(origin !== undefined && { origin }),
    });
  }

  const whole: { work: StageWork; locked: DvcLockedStage; outs: RunRecord['outs'] }[] = [];
  for (const { name, file, stage: locked } of project.locked) {
    const work = workload?.work.get(name as StageName);
    if (work === undefined) continue;
    const outs = await lockedOuts(work.stage, locked, contents);
    if (outs.ok) whole.push({ work, locked, outs: outs.value });
    else {
      const { path, problem } = outs.error;
      tell(missingNote(problem, `\`${path}\` of stage \`${name}\``, file));
    }
  }
  const runs: RunRecord[] = [];
  for (const { work, locked, outs } of whole) {
    runs.push(await recordOf(work, locked, outs, workload?.config ?? {}, contents, context));
  }

  // Bytes first, then whatever promises them.
  await dvc.sync();
  await ports.workspace.sync();
  for (const { path, content, origin } of sources) {
    if (content === undefined) continue;
    await ports.lock.setSource(path, { ...content, ...(origin && { from: origin(content.size) }) });
  }
  for (const run of runs) {
    await ports.runs.record(run);
    await ports.lock.setStage(run.stage, { fingerprint: run.fingerprint, outs: run.outs });
  }
  await ports.lock.flush();
  return ok({
    lockedStages: new Set(runs.map(({ stage }) => stage)),
    sources: sources.map(({ origin: _, ...source }) => source),
  });
}

const declaredOut = (
  { outs, wdir }: Stage,
  { path }: DvcEntry,
): Stage['outs'][number] | undefined => outs.find((out) => out.path === parseRepoPath(path, wdir));

async function lockedOuts(
  stage: Stage,
  locked: DvcLockedStage,
  contents: DvcContents,
): Promise<
  Result<
    { readonly [path: string]: ArtifactRef },
    { readonly path: string; readonly problem: DvcCacheProblem }
  >
> {
  const outs: [RepoPath, ArtifactRef][] = [];
  for (const entry of locked.outs) {
    const path = parseRepoPath(entry.path, stage.wdir);
    if (path === undefined || isExternal(entry.path, stage.wdir)) continue;
    const { hash } = entry;
    if (hash === undefined) {
      return err({ path, problem: { kind: 'refused', cause: 'DVC recorded no MD5 of it' } });
    }
    if (declaredOut(stage, entry)?.cache === false) {
      const seen = await contents.seen(path, hash);
      outs.push([path, seen ?? { digest: contents.lost(hash), size: sizeOf(entry) }]);
      continue;
    }
    const kept = await contents.kept(path, hash, entry.executable);
    if (!kept.ok) return err({ path, problem: kept.error });
    outs.push([path, kept.value]);
  }
  return ok(Object.fromEntries(outs));
}

const sizeOf = ({ fields: { size } }: DvcEntry): number =>
  typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : 0;

/** The run that DVC's lock entry is the trace of. When it began and how long it took nobody knows. */
async function recordOf(
  work: StageWork,
  locked: DvcLockedStage,
  outs: RunRecord['outs'],
  config: JsonObject,
  contents: DvcContents,
  { ports, version }: CommandContext,
): Promise<RunRecord> {
  const { stage } = work;
  const deps = new Map<RepoPath, { readonly digest: Digest; readonly executable?: true }>();
  for (const entry of locked.deps) {
    const path = parseRepoPath(entry.path, stage.wdir);
    if (path === undefined || entry.hash === undefined) continue;
    deps.set(
      path,
      (await contents.seen(path, entry.hash)) ?? { digest: contents.lost(entry.hash) },
    );
  }
  const input = {
    ...fingerprintInput(
      { ...stage, cmd: sameCommand(locked.cmd, stage.cmd) ? stage.cmd : locked.cmd },
      { deps: new Map(), params: lockedParams(stage, locked), env: {}, tools: {} },
    ),
    deps: [...deps]
      .map(([path, { digest, executable }]) => ({
        path,
        digest,
        ...(executable && { executable }),
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    outs: (Object.keys(outs) as RepoPath[]).sort(),
  };
  const now = ports.clock.now();
  return {
    v: 1,
    stage: stage.name,
    attempt: attemptId(now, ports.nonce()),
    fingerprint: fingerprintOf(input, ports.hash),
    input,
    outs,
    ending: { kind: 'succeeded' },
    metrics: await metricsOf(stage, outs, ports),
    config,
    overrides: [],
    startedAt: new Date(now).toISOString(),
    durationMs: 0,
    adopted: 'import-dvc',
    provenance: await provenanceOf(stage, version, ports.environment),
  };
}

/** Values put into a command are quoted for the shell here, and not by DVC. */
const sameCommand = (dvc: readonly string[], ours: readonly string[]): boolean =>
  unquoted(dvc) === unquoted(ours);
const unquoted = (cmd: readonly string[]): string => cmd.join('\n').replaceAll(/['"\\]/g, '');

/** Parameters by the keys that fingerprints have them under. */
function lockedParams(stage: Stage, { params }: DvcLockedStage): JsonObject {
  const values: [string, JsonValue][] = [];
  for (const [file, byKey] of Object.entries(params)) {
    const path = parseRepoPath(file, stage.wdir);
    if (path === undefined) continue;
    const selected = stage.params.filter((selector) => selector.file === path);
    if (selected.length === 0) continue;
    if (selected.some(({ key }) => key === undefined)) {
      values.push([shownKey({ file: path }), byKey]);
      continue;
    }
    for (const [key, value] of Object.entries(byKey)) {
      values.push([shownKey({ file: path, key }), value]);
    }
  }
  return Object.fromEntries(values);
}

/** Numbers of the metrics files that are still those of the run. */
async function metricsOf(
  stage: Stage,
  outs: RunRecord['outs'],
  { workspace }: CommandContext['ports'],
): Promise<RunRecord['metrics']> {
  const metrics: [string, MetricValues][] = [];
  for (const { path, role } of stage.outs) {
    const recorded = outs[path];
    if (role !== 'metrics' || recorded === undefined) continue;
    const there = await workspace.digest(path);
    if (!there.ok || there.value === undefined || !sameContent(toRef(there.value), recorded))
      continue;
    const text = await workspace.readText(path);
    try {
      metrics.push([path, flattenMetrics(JSON.parse(text ?? '') as JsonValue)]);
    } catch {
      // A YAML file of metrics: avian reads JSON, as it will tell when the stage runs.
    }
  }
  return Object.fromEntries(metrics);
}

function missingNote(why: DvcCacheProblem, what: string, file: string): DvcNote {
  switch (why.kind) {
    case 'missing': {
      const [first = '', ...others] = why.objects;
      const more = others.length === 0 ? '' : ` and ${others.length} more`;
      return {
        code: 'import-dvc/missing',
        file,
        message: `${what} is not in DVC's cache (${first}${more})`,
        hint: '`dvc fetch` it and import again with `--force`, or let `avian repro` make it',
      };
    }
    case 'corrupt':
      return {
        code: 'import-dvc/corrupt',
        file,
        message: `${what} is damaged in DVC's cache: the bytes of ${why.object} do not have its MD5`,
        hint: 'remove that file, `dvc fetch` it again, and import again with `--force`',
      };
    case 'refused':
      return {
        code: 'import-dvc/refused',
        file,
        message: `${what} cannot be taken over: ${why.cause}`,
        hint: 'let `avian repro` make it, or `avian add` it by hand',
      };
  }
}

const unhashedNote = (path: RepoPath, file: string): DvcNote => ({
  code: 'import-dvc/no-content',
  file,
  message: `\`${path}\` has no MD5 on record, so its content is not known`,
  hint: `bring the file here and \`avian add ${path}\``,
});
