import { canonicalJson } from '../model/json.ts';
import { ROOT } from '../model/names.ts';
import type { Ports } from '../ports/ports.ts';
import type { StageWork } from './request.ts';

/** Where a command runs and what it finds in its environment, beside what avian itself was given. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
}

/**
 * `AVIAN_PARAMS` names a JSON file with exactly the declared parameters; a key that is not declared
 * is absent from it, so that it cannot become a hidden input.
 */
export async function surroundingsOf(
  work: StageWork,
  ports: Pick<Ports, 'environment' | 'scratch'>,
): Promise<Surroundings> {
  const { stage } = work;
  const { root } = ports.environment;
  const declared = stage.env.flatMap(({ name, value }) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return {
    cwd: stage.wdir === ROOT ? root : `${root}/${stage.wdir}`,
    env: {
      ...Object.fromEntries(declared),
      AVIAN_ROOT: root,
      AVIAN_STAGE: stage.name,
      AVIAN_PARAMS: await ports.scratch.write(canonicalJson(work.paramsFile)),
    },
  };
}
