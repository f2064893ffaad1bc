import type { PipelineEdit } from '../config/edit-pipeline.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { Project } from '../model/pipeline.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { CommandContext } from './context.ts';

export const PIPELINE_FILE = 'pipeline.yaml';

/** The text of pipeline.yaml after these edits, and the project that it then declares. Writes nothing. */
export async function editedProject(
  edits: readonly PipelineEdit[],
  { files }: Pick<CommandContext, 'files'>,
): Promise<Result<{ readonly text: string; readonly project: Project }, Problem>> {
  const { editPipeline } = await import('../config/edit-pipeline.ts');
  const { loadProject } = await import('../config/load-project.ts');
  let text = files.read(PIPELINE_FILE) ?? '';
  for (const edit of edits) {
    const edited = await editPipeline(text, edit);
    if (!edited.ok) return edited;
    text = edited.value;
  }
  const loaded = await loadProject({
    read: (path) => (path === PIPELINE_FILE ? text : files.read(path)),
    list: (path) => files.list(path),
    overrides: [],
  });
  return loaded.ok ? ok({ text, project: loaded.value.project }) : err(invalid(loaded.error));
}

/** What would be wrong is told as it would be on the next command; the file is still as it was. */
const invalid = ({ kind, diagnostics }: Problem): Problem => ({
  kind,
  diagnostics: [
    ...problem(
      kind,
      'edit/invalid',
      'pipeline.yaml would not be valid afterwards, so it was left alone',
    ).diagnostics,
    ...diagnostics,
  ],
});
