import { groups, verbs } from './verbs.ts';

/** What `avian` and `avian --help` print. */
export function overview(version: string): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  const listed = Object.entries(groups).map(([title, members]) => {
    const lines = Object.entries(members).map(
      ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
    );
    return `${title}\n${lines.join('\n')}\n`;
  });
  return `avian ${version}: a pipeline orchestrator for machine learning; only what changed runs again

usage: avian <command> [words] [options]

${listed.join('\n')}
  avian <command> --help   the options of a command
  avian --version          the version

exit codes: 0 ok, 1 a stage or gate failed, 2 invalid pipeline or params, 3 stale (--exit-code),
            4 remote, 5 corruption, 64 usage, 70 bug in avian, 130/143 interrupted
`;
}
