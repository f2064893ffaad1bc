import type { JsonObject } from '../model/json.ts';
import type { RepoPath } from '../model/names.ts';
import type { DepsView, Undeclared, UndeclaredPath } from '../model/trace.ts';
import type { Style } from './style.ts';
import { ago, count } from './units.ts';

/** A line of YAML, and why it should come or go. */
interface Line {
  readonly yaml: string;
  readonly why: string;
}

/** Lines for pipeline.yaml, indented as they stand there; what should go is commented out. */
export function depsText(view: DepsView, style: Style, now: number): string {
  const stages = view.stages.map((stage) => {
    const { undeclared, name, by, startedAt, outdated } = stage;
    const seen = `seen by ${by} ${ago(startedAt, now)}${outdated ? ', with another cmd' : ''}`;
    const lines = linesOf(undeclared, stage.wdir);
    const nothing = lines.length === 0 ? 'nothing to add or remove, ' : '';
    return [{ yaml: `  ${name}:`, why: `${nothing}${seen}` }, ...lines];
  });
  const width = Math.max(...stages.flat().map(({ yaml }) => yaml.length));
  const text = stages
    .flat()
    .map(({ yaml, why }) =>
      why === '' ? `${yaml}\n` : `${yaml.padEnd(width)}  ${style.faint(`# ${why}`)}\n`,
    );
  const { unwatched } = view;
  return [
    ...text,
    ...(unwatched.length === 0
      ? []
      : [
          style.faint(
            `# never watched: ${unwatched.join(', ')}; avian repro --trace -f -s ${unwatched.join(' ')}`,
          ),
          '\n',
        ]),
  ].join('');
}

export const depsJson = (view: DepsView): JsonObject => ({
  v: 1,
  stages: view.stages.map(({ name, attempt, startedAt, by, outdated, undeclared }) => ({
    name,
    attempt,
    startedAt,
    by,
    outdated,
    add: {
      deps: undeclared.reads.map(pathJson),
      outs: undeclared.writes.map(pathJson),
    },
    remove: { deps: undeclared.unread },
  })),
  unwatched: view.unwatched,
});

const pathJson = ({ path, files, producer }: UndeclaredPath): JsonObject => ({
  path,
  files,
  ...(producer !== undefined && { producer }),
});

function linesOf({ reads, writes, unread }: Undeclared, wdir: RepoPath): readonly Line[] {
  const item = (path: RepoPath): string => `- ${yamlScalar(relative(wdir, path))}`;
  const params = reads.filter(({ path }) => path === 'params.yaml');
  const deps = [
    ...reads
      .filter((read) => !params.includes(read))
      .map((read) => ({ yaml: `      ${item(read.path)}`, why: `add: ${whyRead(read)}` })),
    ...unread.map((path) => ({ yaml: `#     ${item(path)}`, why: 'remove: never read' })),
  ];
  const outs = writes.map(({ path, files, producer }) =>
    producer === undefined
      ? { yaml: `      ${item(path)}`, why: `add: written${several(files)}` }
      : { yaml: `#     ${item(path)}`, why: `written, but an out of ${producer}` },
  );
  return [
    ...under('deps', deps),
    ...under(
      'params',
      params.map(() => ({
        yaml: '#     - <key>',
        why: 'params.yaml was read: name what it takes',
      })),
    ),
    ...under('outs', outs),
  ];
}

const under = (key: string, lines: readonly Line[]): readonly Line[] =>
  lines.length === 0 ? [] : [{ yaml: `    ${key}:`, why: '' }, ...lines];

const whyRead = ({ files, producer }: UndeclaredPath): string =>
  producer === undefined ? `read${several(files)}` : `read, ${producer} writes it`;

const several = (files: number): string => (files === 1 ? '' : `, ${count(files, 'file')} in it`);

/** As the stage's declaration says it. */
function relative(wdir: RepoPath, path: RepoPath): string {
  const from = wdir === '.' ? [] : wdir.split('/');
  const to = path.split('/');
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) shared += 1;
  const parts = [...from.slice(shared).map(() => '..'), ...to.slice(shared)];
  return parts.length === 0 ? '.' : parts.join('/');
}

/** A text as YAML reads it back: in quotes unless it is plainly a path. */
function yamlScalar(text: string): string {
  if (/^[\w./][\w./@+=-]*$/.test(text) && /[A-Za-z]/.test(text) && !KEYWORD.test(text)) return text;
  return /^[\x20-\x7e]*$/.test(text) ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
}

const KEYWORD = /^(?:y|n|yes|no|on|off|true|false|null|[\d.]+e\d+|0x[\da-f]+)$/i;
