import { closest } from '../model/did-you-mean.ts';
import { resolveParams } from '../config/params.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { canonicalJson } from '../model/json.ts';
import { ROOT } from '../model/names.ts';
import type { Project, Task } from '../model/pipeline.ts';
import { err, ok, type Result } from '../model/result.ts';
import { shellWord } from '../model/shell-word.ts';
import type { CommandContext } from './context.ts';
import { readProject } from './load-workload.ts';

export interface RunTaskOptions {
  readonly task: string;
  /** Words after the task's name, given to its last command. */
  readonly words: readonly string[];
  readonly overrides: readonly string[];
}

/** A task ready to be run in the foreground, with the terminal's own streams. */
export interface TaskCommand {
  readonly cmd: readonly string[];
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
}

/** `avian run <task> [words]`: what to run; `cli` runs it, since a task owns the terminal. */
export async function prepareTask(
  options: RunTaskOptions,
  context: CommandContext,
): Promise<Result<TaskCommand, Problem>> {
  const project = await readProject(options.overrides, context);
  if (!project.ok) return project;
  const { tasks } = project.value.pipeline;
  const task = tasks.find(({ name }) => name === options.task);
  if (task === undefined) return err(unknownTask(options.task, tasks));
  return commandOf(task, options.words, project.value, context);
}

async function commandOf(
  task: Task,
  words: readonly string[],
  project: Project,
  { ports }: CommandContext,
): Promise<Result<TaskCommand, Problem>> {
  const params = resolveParams(task, project);
  if (!params.ok) return err({ kind: 'pipeline', diagnostics: params.error });
  const { root } = ports.environment;
  const last = task.cmd.length - 1;
  return ok({
    cmd: task.cmd.map((cmd, index) =>
      index === last ? [cmd, ...words.map(shellWord)].join(' ') : cmd,
    ),
    cwd: task.wdir === ROOT ? root : `${root}/${task.wdir}`,
    env: {
      ...Object.fromEntries(
        task.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
      ),
      AVIAN_ROOT: root,
      AVIAN_PARAMS: await ports.scratch.write(canonicalJson(params.value.file)),
    },
  });
}

function unknownTask(name: string, tasks: readonly Task[]): Problem {
  const names = tasks.map((task) => task.name);
  const near = closest(name, names);
  const hint =
    near !== undefined
      ? `did you mean "${near}"?`
      : names.length === 0
        ? 'declare one in pipeline.yaml under `tasks:`'
        : `tasks are: ${names.join(', ')}`;
  return problem('usage', 'usage/unknown-task', `no task is called \`${name}\``, hint);
}
