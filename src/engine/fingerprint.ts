import type { Artifact } from '../model/artifact.ts';
import { byCodeUnit, canonicalJson, type JsonObject } from '../model/json.ts';
import type { Fingerprint, RepoPath } from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import type { DepInput, FingerprintInput } from '../model/run.ts';

/** The parts of a fingerprint that have to be looked up; the rest is in the stage. */
export interface Observed {
  readonly deps: ReadonlyMap<RepoPath, Artifact>;
  readonly params: JsonObject;
  readonly env: { readonly [name: string]: string | null };
  readonly tools: { readonly [tool: string]: string | null };
}

/** Recipe 1. Order never depends on how the pipeline was written: `canonicalJson` sorts keys, paths are sorted here. */
export function fingerprintInput(stage: Stage, observed: Observed): FingerprintInput {
  const deps = [...observed.deps]
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([path, artifact]): DepInput => ({
      path,
      digest: artifact.digest,
      ...(artifact.kind === 'blob' && artifact.executable && { executable: true as const }),
    }));
  return {
    recipe: 1,
    cmd: stage.cmd,
    wdir: stage.wdir,
    deps,
    params: observed.params,
    outs: stage.outs.map((out) => out.path).sort(byCodeUnit),
    env: observed.env,
    tools: observed.tools,
  };
}

export const fingerprintOf = (
  input: FingerprintInput,
  hash: (text: string) => string,
): Fingerprint => `f${input.recipe}:${hash(canonicalJson(input))}` as Fingerprint;
