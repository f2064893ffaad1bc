import { verbs } from './verbs.ts';

/** What somebody looks for, and the commands that do it; every command has one place here. */
export const GROUPS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['start', ['init', 'import-dvc', 'doctor', 'completion']],
  ['run', ['repro', 'run', 'commit', 'freeze', 'unfreeze']],
  ['look', ['tui', 'status', 'why', 'dag', 'logs', 'deps', 'verify']],
  ['compare', ['metrics', 'params', 'plots', 'exp', 'diff', 'lineage', 'report']],
  [
    'data',
    ['add', 'import-url', 'update', 'checkout', 'remove', 'move', 'du', 'gc', 'fsck', 'merge-lock'],
  ],
  ['share', ['push', 'pull', 'fetch', 'ls', 'cat', 'export', 'remote', 'cost']],
  ['ship', ['image', 'deploy', 'stop', 'rollback']],
];

/** What `avian` and `avian --help` print. */
export function overview(version: string): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  const groups = GROUPS.map(([title, names]) => {
    const lines = names.map((name) => `  ${name.padEnd(width)}  ${verbs[name]?.summary ?? ''}`);
    return `${title}\n${lines.join('\n')}\n`;
  });
  return `avian ${version}: a pipeline orchestrator for machine learning; only what changed runs again

usage: avian <command> [words] [options]

${groups.join('\n')}
  avian <command> --help   the options of a command
  avian --version          the version

exit codes: 0 ok, 1 a stage or gate failed, 2 invalid pipeline or params, 3 stale (--exit-code),
            4 remote, 5 corruption, 64 usage, 70 bug in avian, 130/143 interrupted
`;
}
