import type { Artifact } from '../model/artifact.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import { assertNever, err, ok, type Result } from '../model/result.ts';
import type { EnvInput } from '../model/pipeline.ts';
import type { Ports } from '../ports/ports.ts';
import type { WorkspaceProblem } from '../ports/workspace.ts';
import type { Observed } from './fingerprint.ts';
import type { StageWork } from './request.ts';

/** Why a stage's inputs cannot be known. */
export type Unobservable =
  | { readonly kind: 'missing'; readonly path: RepoPath }
  | { readonly kind: 'waiting'; readonly producer: StageName }
  | { readonly kind: 'unreadable'; readonly path: RepoPath; readonly problem: WorkspaceProblem };

/** Where a dep's content is asked for. `waiting`: its producer has not settled. */
export type DigestDep = (path: RepoPath) => Promise<Result<Artifact, Unobservable>>;

/** A dep's content as it lies in the workspace. */
export const digestInWorkspace =
  (ports: Pick<Ports, 'workspace'>): DigestDep =>
  async (path) => {
    const digested = await ports.workspace.digest(path);
    if (!digested.ok) return err({ kind: 'unreadable', path, problem: digested.error });
    return digested.value === undefined ? err({ kind: 'missing', path }) : ok(digested.value);
  };

/** Looks up everything that enters the fingerprint; all deps that cannot be had are told, not the first. */
export async function observe(
  work: StageWork,
  digestDep: DigestDep,
  ports: Pick<Ports, 'environment'>,
): Promise<Result<Observed, readonly Unobservable[]>> {
  const { stage } = work;
  const digested = await Promise.all(stage.deps.map(digestDep));
  const problems = digested.flatMap((result) => (result.ok ? [] : [result.error]));
  if (problems.length > 0) return err(problems);
  const deps = new Map<RepoPath, Artifact>();
  for (const [index, path] of stage.deps.entries()) {
    const result = digested[index];
    if (result?.ok === true) deps.set(path, result.value);
  }
  return ok({
    deps,
    params: work.params,
    env: Object.fromEntries(
      stage.env.map((input) => [input.name, environmentValue(input, ports) ?? null]),
    ),
    tools: Object.fromEntries(
      await Promise.all(
        stage.tools.map(
          async (tool) => [tool, (await ports.environment.toolVersion(tool)) ?? null] as const,
        ),
      ),
    ),
  });
}

/** The value a command will see: the declared one, else the one of avian's own environment. */
const environmentValue = (input: EnvInput, ports: Pick<Ports, 'environment'>): string | undefined =>
  input.value ?? ports.environment.variable(input.name);

export function describeWorkspaceProblem(problem: WorkspaceProblem): string {
  switch (problem.kind) {
    case 'refused':
      return `${problem.path}: ${problem.cause}`;
    case 'changed-while-read':
      return `${problem.path} changed while it was read`;
    case 'object-missing':
      return `${problem.path} needs object ${problem.digest}, which the cache does not have`;
    case 'object-corrupt':
      return `${problem.path} needs object ${problem.digest}, whose bytes in the cache were damaged; it has been set aside`;
    case 'no-space':
      return `no space left for ${problem.path} (${problem.needed} bytes needed)`;
    case 'io':
      return `${problem.path}: ${problem.cause}`;
    default:
      return assertNever(problem);
  }
}
