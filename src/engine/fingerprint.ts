import type { Artifact } from '../model/artifact.ts';
import { byCodeUnit, canonicalJson, type JsonObject } from '../model/json.ts';
import type { Fingerprint, RepoPath } from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import { isSecretName, redactedValue } from '../model/redacted.ts';
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

/** As records and messages have it: a secret variable by the beginning of its digest. The fingerprint is of the true values. */
export function withoutSecrets(
  input: FingerprintInput,
  hash: (text: string) => string,
): FingerprintInput {
  const isSecret = ([name, value]: [string, string | null]): boolean =>
    value !== null && isSecretName(name);
  if (!Object.entries(input.env).some(isSecret)) return input;
  const env = Object.entries(input.env).map(([name, value]) => [
    name,
    value !== null && isSecretName(name) ? redactedValue(value, hash) : value,
  ]);
  return { ...input, env: Object.fromEntries(env) as FingerprintInput['env'] };
}

export const fingerprintOf = (
  input: FingerprintInput,
  hash: (text: string) => string,
): Fingerprint => `f${input.recipe}:${hash(canonicalJson(input))}` as Fingerprint;
