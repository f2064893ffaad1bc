import type { Stage } from '../model/pipeline.ts';
import type { Provenance } from '../model/run.ts';
import type { Environment } from '../ports/environment.ts';

/** Who records a run of a stage here, with which code. What the command said of itself is added by whoever ran it. */
export async function provenanceOf(
  stage: Stage,
  version: string,
  environment: Environment,
): Promise<Provenance> {
  const git = await environment.git();
  return {
    avian: version,
    ...(git !== undefined && { commit: git.commit, dirty: git.dirty }),
    host: environment.host(),
    user: environment.user(),
    platform: environment.platform(),
    executor: stage.executor,
  };
}
