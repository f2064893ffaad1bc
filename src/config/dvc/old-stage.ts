import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { DvcEntry, DvcFile, DvcLockedStage } from './dvc-files.ts';
import { objectOf } from './loose-json.ts';

/*
 * Before DVC 1.0 a stage was a .dvc file, which held beside each path what is now in dvc.lock.
 */

/** The stage as a dvc.yaml would have it. */
export function oldStage({ wdir, frozen, cmd, deps, outs, fields }: DvcFile): JsonObject {
  const said = (role: string): readonly JsonValue[] =>
    outs.filter((out) => roleOf(out) === role).map(outAsWritten);
  return {
    cmd: cmd.length === 1 ? (cmd[0] ?? '') : cmd,
    ...(wdir !== '.' && { wdir }),
    deps: deps.filter((dep) => !isParams(dep)).map(({ path }) => path),
    ...(deps.some(isParams) && { params: deps.filter(isParams).map(paramsAsWritten) }),
    outs: said('outs'),
    ...(said('metrics').length > 0 && { metrics: said('metrics') }),
    ...(said('plots').length > 0 && { plots: said('plots') }),
    ...(frozen && { frozen }),
    ...(fields['always_changed'] === true && { always_changed: true }),
    ...(fields['desc'] !== undefined && { desc: fields['desc'] }),
    ...(fields['meta'] !== undefined && { meta: fields['meta'] }),
  };
}

/** What a dvc.lock would hold of it. */
export const oldLock = ({ cmd, deps, outs }: DvcFile): DvcLockedStage => ({
  cmd,
  deps: deps.filter((dep) => !isParams(dep)),
  params: Object.fromEntries(
    deps.filter(isParams).map(({ path, fields }) => [path, objectOf(fields['params'])]),
  ),
  outs,
});

const isParams = ({ fields }: DvcEntry): boolean => isJsonObject(fields['params']);

const roleOf = ({ fields }: DvcEntry): 'metrics' | 'plots' | 'outs' =>
  isSet(fields['metric']) ? 'metrics' : isSet(fields['plot']) ? 'plots' : 'outs';

const isSet = (flag: JsonValue | undefined): boolean => flag === true || isJsonObject(flag);

const paramsAsWritten = ({ path, fields }: DvcEntry): JsonValue => {
  const keys = isJsonObject(fields['params']) ? Object.keys(fields['params']) : [];
  return { [path]: keys };
};

function outAsWritten({ path, fields }: DvcEntry): JsonValue {
  const { cache, persist, push, desc, type, labels, meta, remote } = fields;
  const about = Object.fromEntries(
    Object.entries({ cache, persist, push, desc, type, labels, meta, remote }).filter(
      ([field, value]) =>
        value !== undefined &&
        !(field === 'cache' && value === true) &&
        !(field === 'persist' && value === false),
    ),
  ) as JsonObject;
  return Object.keys(about).length === 0 ? path : { [path]: about };
}
