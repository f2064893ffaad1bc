import { readDvcConfig, type DvcConfig } from '../config/dvc/dvc-files.ts';
import { translateProject, type TranslatedProject } from '../config/dvc/translate-project.ts';
import type { Workload } from '../engine/request.ts';
import { problem, type Diagnostic, type Problem } from '../model/diagnostic.ts';
import type { DvcImportView, DvcNote } from '../model/dvc.ts';
import type { StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { DvcCache } from '../ports/dvc-cache.ts';
import { adopt, stockTake, type Adopted } from './adopt-dvc.ts';
import type { CommandContext } from './context.ts';
import { takeLock } from './hold-project.ts';
import { hideCacheFromGit } from './init.ts';
import { judgements } from './judge-all.ts';
import { loadWorkload } from './load-workload.ts';

export interface ImportDvcOptions {
  /** Say what would become of the project; write and copy nothing. */
  readonly dry: boolean;
  /** Replace a pipeline.yaml that is there; it is kept beside the new one. */
  readonly force: boolean;
}

export interface ImportDvcContext extends CommandContext {
  /** DVC's cache; `cacheDir` is where its configuration says it lies. */
  readonly openDvcCache: (cacheDir: string | undefined) => DvcCache;
}

const PIPELINE = 'pipeline.yaml';
const KEPT = 'pipeline.yaml.before-import';

/**
 * `avian import-dvc`: a DVC project becomes one of ours. DVC's files and cache are only read, so
 * both tools work side by side afterwards. Contents come first, then records and lock, and
 * pipeline.yaml last: killed before that, there is no project yet, and the import is run again.
 */
export async function importDvc(
  options: ImportDvcOptions,
  context: ImportDvcContext,
): Promise<Result<DvcImportView, Problem>> {
  const { files } = context;
  const config = files.read('.dvc/config');
  if (config === undefined) return err(noDvcProject());
  const before = files.read(PIPELINE);
  if (before !== undefined && !options.force && !options.dry) return err(pipelineThere());

  const notes: DvcNote[] = [];
  const tell = (note: DvcNote): void => void notes.push(note);
  const settings = readDvcConfig(config, files.read('.dvc/config.local') ?? '');
  tellRemotes(settings, tell);
  const dvc = context.openDvcCache(settings.cacheDir);
  const translated = await translate(dvc, context, tell);
  if (!translated.ok) return translated;
  const project = translated.value;
  const loaded = await load(project, context);
  const workload = loaded.ok ? loaded.value : undefined;

  const held = options.dry ? undefined : await takeLock(context);
  try {
    if (held === undefined) {
      const stock = stockTake(project, workload, dvc, tell);
      return ok(view(project, workload, stock, dvc, { notes, written: [], dry: true, loaded }));
    }
    // Before anything is digested: what is left out of a directory is no part of its digest.
    const ignores = writeIgnores(project, context);
    const adopted = await adopt(project, workload, dvc, context, tell);
    if (!adopted.ok) return adopted;
    const written = [...write(project, before, context), ...ignores];
    const judged = workload && (await judgements(workload, workload.graph.order, JUDGING, context));
    return ok(
      view(project, workload, adopted.value, dvc, {
        ...{ notes, written, dry: false, loaded },
        ...(judged?.ok === true && { judged: judged.value }),
      }),
    );
  } finally {
    await held?.release();
  }
}

const JUDGING = { force: false, runCache: true, probes: false, nameRuns: false };

async function translate(
  dvc: DvcCache,
  { files }: ImportDvcContext,
  tell: (note: DvcNote) => void,
): Promise<Result<TranslatedProject, Problem>> {
  const yaml = await import('yaml');
  const diagnostics: Diagnostic[] = [];
  const texts = { files: dvc.files(), read: (path: string) => files.read(path) };
  const project = translateProject(
    yaml,
    texts,
    (diagnostic) => void diagnostics.push(diagnostic),
    tell,
  );
  return diagnostics.length > 0 ? err({ kind: 'pipeline', diagnostics }) : ok(project);
}

/** The project as it will be read once it is written. */
const load = (
  project: TranslatedProject,
  { files, version }: ImportDvcContext,
): Promise<Result<Workload, Problem>> =>
  loadWorkload([], {
    files: {
      ...files,
      read: (path) => (path === PIPELINE ? project.pipeline : files.read(path)),
    },
    projectCache: { load: () => undefined, store: () => undefined },
    version,
  });

/** `.dvcignore` files under our name, where none lies yet; says which were written. */
function writeIgnores(
  { ignores }: TranslatedProject,
  { files }: ImportDvcContext,
): readonly string[] {
  const fresh = ignores.filter(
    ({ path, text }) => hasPatterns(text) && files.read(path) === undefined,
  );
  for (const { path, text } of fresh) files.write(path, text);
  return fresh.map(({ path }) => path);
}

/** Writes what people edit, and says which files that were. */
function write(
  project: TranslatedProject,
  before: string | undefined,
  { files }: ImportDvcContext,
): readonly string[] {
  const written = ['pipeline.lock'];
  if (hideCacheFromGit(files)) written.push('.gitignore');
  if (before !== undefined && before !== project.pipeline) {
    files.write(KEPT, before);
    written.push(KEPT);
  }
  files.write(PIPELINE, project.pipeline);
  return [PIPELINE, ...written];
}

/** `dvc init` writes a file of comments. */
const hasPatterns = (text: string): boolean =>
  text.split('\n').some((line) => line.trim() !== '' && !line.trim().startsWith('#'));

function view(
  project: TranslatedProject,
  workload: Workload | undefined,
  { lockedStages, sources }: Adopted,
  dvc: DvcCache,
  {
    judged,
    loaded,
    ...rest
  }: Pick<DvcImportView, 'notes' | 'written' | 'dry'> & {
    readonly loaded: Result<Workload, Problem>;
    readonly judged?: Awaited<ReturnType<typeof judgements>> extends Result<infer T, Problem>
      ? T
      : never;
  },
): DvcImportView {
  const names = workload?.graph.order ?? project.stages.map(({ name }) => name as StageName);
  return {
    ...rest,
    stages: names.map((name) => {
      const declared = project.stages.find(
        (stage) => stage.name === name || name.startsWith(`${stage.name}@`),
      );
      const verdict = judged?.get(name)?.verdict.kind;
      return {
        name,
        file: declared?.file ?? PIPELINE,
        ...(declared?.was !== undefined && { was: declared.was }),
        locked: lockedStages.has(name),
        ...(verdict !== undefined && { verdict }),
      };
    }),
    sources,
    copied: dvc.copied(),
    ...(!loaded.ok && { invalid: loaded.error.diagnostics }),
  };
}

function tellRemotes({ remotes }: DvcConfig, tell: (note: DvcNote) => void): void {
  for (const { name, url } of remotes) {
    tell({
      code: 'import-dvc/remote',
      file: '.dvc/config',
      message: `the remote \`${name}\` (${url}) is not taken over: what lies only there stays there`,
      hint: '`dvc fetch` brings it into the cache of this machine; then import',
    });
  }
}

const noDvcProject = (): Problem =>
  problem(
    'usage',
    'import-dvc/no-project',
    'there is no DVC project here: no `.dvc/config`',
    'name the folder in which `dvc init` was run: avian import-dvc FOLDER',
  );

const pipelineThere = (): Problem =>
  problem(
    'usage',
    'import-dvc/pipeline-there',
    'there is a pipeline.yaml already, and an import would replace it',
    `\`--dry\` shows what would be imported; \`--force\` replaces it and keeps it as ${KEPT}`,
  );
