/**
 * Every code a diagnostic about a project's files can carry, and what it means. Codes are
 * permanent: tools match on them. A code that is no longer given stays listed.
 */
export const CODES = {
  'yaml/syntax': 'The file is not valid YAML (or JSON).',
  'yaml/duplicate-key': 'A mapping has the same key twice.',
  'yaml/alias': 'An alias has no anchor, or aliases repeat each other without bound.',
  'yaml/bad-merge': 'A `<<` merges something that is no mapping.',
  'yaml/not-json':
    'A value that JSON cannot hold: .nan, .inf, an integer above 2^53, a key that is no text.',

  'pipeline/no-file': 'There is no pipeline.yaml.',
  'pipeline/empty': 'pipeline.yaml holds nothing.',
  'pipeline/unknown-key': 'A key that pipeline.yaml does not have at this place.',
  'pipeline/missing-key': 'A key that has to be there is not.',
  'pipeline/wrong-type': 'A value of another type than its key takes.',
  'pipeline/empty-value': 'A text, list or mapping that has to hold something.',
  'pipeline/bad-value': 'A value of the right type that its key does not take.',
  'pipeline/bad-name': 'A name with characters that names do not have.',
  'pipeline/bad-duration': 'A duration that is not like `90s`, `10m`, `1h30m`.',
  'pipeline/bad-size': 'A size that is not like `2GiB`, `500MB`.',
  'pipeline/bad-gate': 'A gate that is not a comparison and a number, like `>= 0.90`.',
  'pipeline/unknown-executor': 'An executor that avian does not have.',
  'pipeline/outside-project': 'A path that leaves the project.',
  'pipeline/bad-path': 'A path with characters that paths do not have, or the project itself.',
  'pipeline/reserved-path': 'An out where avian or git keeps its own files.',
  'pipeline/duplicate-dep': 'A stage lists the same dep twice.',
  'pipeline/duplicate-out': 'A stage lists the same out twice.',
  'pipeline/dep-is-out': 'A stage reads what it writes itself.',
  'pipeline/wdir-in-out':
    'The working directory lies in an out of the same stage, which is moved aside.',
  'pipeline/two-producers': 'Two stages write the same path.',
  'pipeline/nested-outs': 'One out lies inside another.',
  'pipeline/cycle': 'Stages need each other in a circle.',
  'pipeline/bad-remote':
    'An address or endpoint that no remote has, or a remote that is not declared.',
  'pipeline/bad-chart': 'A chart whose files do not belong together.',
  'pipeline/contradiction': 'Fields that do not make sense together.',

  'pipeline/unknown-group': 'A dep `group@*` that no stage is a member of.',

  'template/syntax': 'A `${…}` that cannot be read.',
  'template/unknown-name': 'A `${…}` that names nothing.',
  'template/wrong-type': 'A value of a type that cannot stand where a template or group puts it.',
  'template/unquotable': 'A value that cannot be quoted where it would stand in a command.',
  'template/cycle': 'Variables need each other in a circle.',
  'template/too-large': 'Variables of variables that grow without bound.',
  'template/name-taken': 'A group makes a stage whose name another one has.',
  'vars/missing-file': 'A file of variables that is not there.',
  'vars/missing-key': 'A key that a file of variables does not have.',
  'vars/redefined': 'A variable that is there already.',
  'vars/reserved-name': 'A variable called `item` or `key` in a `foreach` or `matrix`.',

  'params/not-a-mapping': 'A file of parameters that is not a mapping.',
  'params/missing-file': 'A stage selects parameters from a file that is not there.',
  'params/missing-key': 'A stage selects a parameter that its file does not have.',
  'params/mandatory': 'A stage selects a parameter whose value `???` says that it has to be given.',
  'params/unsupported-format': 'A file of parameters that is neither YAML nor JSON.',
  'params/generated-file': 'A file of parameters that a stage writes.',

  'config/bad-defaults': 'A `defaults` list, or an entry of it, that cannot be read.',
  'config/bad-package': 'A `# @package` line that names no package.',
  'config/missing-option': 'A config group does not have the option that was chosen.',
  'config/option-required': 'A config group whose option `???` says that it has to be chosen.',
  'config/no-such-group': 'An override or deletion of a config group that no defaults list has.',
  'config/two-choices': 'A config group is chosen twice.',
  'config/overrides-last': 'An `override` entry stands before other entries of its defaults list.',
  'config/loop': 'Configs include each other in a circle.',

  'override/bad-syntax':
    'An override that is not `key=value`, `+key=value`, `++key=value` or `~key`.',
  'override/bad-value': 'The value of an override cannot be read.',
  'override/unknown-key': 'An override of a key that the configuration does not have.',
  'override/exists': '`+key=value` for a key that is already there.',
  'override/not-there': '`~key` for a key that is not there, or that has another value.',

  'monitoring/missing-key': 'A key that monitoring.yaml has to have is not there.',
  'monitoring/unknown-key': 'A key that monitoring.yaml does not have at this place.',
  'monitoring/bad-value': 'A value of monitoring.yaml that its key does not take.',
  'monitoring/unknown-channel': 'A name under `notify` that no channel has.',
} as const satisfies { readonly [code: string]: string };

export type Code = keyof typeof CODES;
