import type { Diagnostic } from '../model/diagnostic.ts';
import type { JsonValue } from '../model/json.ts';
import { contains } from '../model/names.ts';
import type { RepoPath } from '../model/names.ts';
import type { PlacedSelector } from './build-stage.ts';
import { PARAMS_FILE } from './params.ts';
import { diagnose, parseMapping } from './source.ts';
import type { Yaml } from './yaml.ts';

/** Parses the files, other than params.yaml, that selections name; undefined for one with a problem. */
export function loadParamFiles(
  yaml: Yaml,
  read: (path: string) => string | undefined,
  selections: readonly PlacedSelector[],
  outs: readonly RepoPath[],
  report: (diagnostic: Diagnostic) => void,
): ReadonlyMap<RepoPath, JsonValue | undefined> {
  const files = new Map<RepoPath, JsonValue | undefined>();
  for (const selection of selections) {
    const { file } = selection.value;
    if (file === PARAMS_FILE || files.has(file)) continue;
    const value = load(selection, file);
    files.set(file, value);
  }
  return files;

  function load({ filePlace: place }: PlacedSelector, file: RepoPath): JsonValue | undefined {
    if (!/\.(ya?ml|json)$/.test(file)) {
      const hint = 'keep parameters in a YAML or JSON file, or list the file under `deps`';
      const message = `\`${file}\` cannot be read for parameters: it is neither YAML nor JSON`;
      report(diagnose('params/unsupported-format', message, place, hint));
      return undefined;
    }
    if (outs.some((out) => contains(out, file))) {
      const hint = 'parameters are known before anything runs: list the file under `deps`';
      const message = `\`${file}\` is written by a stage, so its parameters are not known yet`;
      report(diagnose('params/generated-file', message, place, hint));
      return undefined;
    }
    const text = read(file);
    if (text === undefined) {
      // DVC's meaning of a bare key in a stage with a `wdir`, and rarely what is meant.
      const isMeantAbove = file.endsWith(`/${PARAMS_FILE}`) && read(PARAMS_FILE) !== undefined;
      const hint = isMeantAbove ? HINT_WDIR : undefined;
      report(diagnose('params/missing-file', `there is no \`${file}\``, place, hint));
      return undefined;
    }
    return parseMapping(yaml, file, text, report);
  }
}

const HINT_WDIR =
  'files of parameters are relative to `wdir`: for the params.yaml of the project write `- ../params.yaml: [keys]`';
