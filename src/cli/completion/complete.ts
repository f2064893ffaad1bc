import type { ProjectNames } from '../../commands/project-names.ts';
import { usageOf, type Usage, type VerbTexts } from './usage.ts';

export interface Candidate {
  /** One that ends in `=` waits for more. */
  readonly word: string;
  readonly about: string;
}

/** A line as it is typed: the words after `avian`, of which the last one is being completed. */
export interface Typed {
  readonly words: readonly string[];
  readonly verbs: VerbTexts;
  /** Asked only when names of the project can stand there. */
  readonly names: () => Promise<ProjectNames>;
}

/** What may stand in place of the last word. Nothing means: what the shell itself offers, files. */
export async function complete(typed: Typed): Promise<readonly Candidate[]> {
  const { words } = typed;
  const current = words.at(-1) ?? '';
  const candidates = await candidatesFor(words.slice(0, -1), current, typed);
  return (
    candidates
      // A key whose value is being typed is no news.
      .filter(({ word }) => word.startsWith(current) && !(word === current && word.endsWith('=')))
      .filter(({ word }, at, all) => all.findIndex((each) => each.word === word) === at)
  );
}

async function candidatesFor(
  before: readonly string[],
  current: string,
  { verbs, names }: Typed,
): Promise<readonly Candidate[]> {
  const [verb, ...rest] = before;
  if (verb === undefined) {
    return current.startsWith('-') ? plain(GLOBAL) : verbCandidates(verbs);
  }
  if (verb === 'help') return verbCandidates(verbs);
  const entry = verbs[verb];
  if (entry === undefined) return [];
  const usage = usageOf(verb, entry);
  const positionals = positionalsIn(rest, usage);
  // What follows a task or `--` belongs to somebody else.
  if (before.includes('--') || (verb === 'run' && positionals.some(isName))) return [];
  const awaited = optionAwaiting(rest.at(-1), usage);
  if (awaited !== undefined) return /^[a-z]/.test(awaited) ? plain(awaited.split('|')) : [];
  if (current.startsWith('-')) {
    const help = { word: '--help', about: 'usage and options' };
    return [...usage.options.map(({ name, about }) => ({ word: name, about })), help];
  }
  if (usage.subVerbs.length > 0 && positionals.length === 0) return plain(usage.subVerbs);
  return nameCandidates(usage, current, names);
}

const GLOBAL = ['--help', '--version', '-C'];

const plain = (words: readonly string[]): readonly Candidate[] =>
  words.map((word) => ({ word, about: '' }));

const verbCandidates = (verbs: VerbTexts): readonly Candidate[] => [
  ...Object.entries(verbs).map(([word, { summary }]) => ({ word, about: summary })),
  { word: 'help', about: 'usage and options of a command' },
];

const isName = (word: string): boolean => !word.includes('=') && !word.startsWith('~');

const positionalsIn = (words: readonly string[], usage: Usage): readonly string[] =>
  words.filter(
    (word, at) => !word.startsWith('-') && optionAwaiting(words[at - 1], usage) === undefined,
  );

/** The placeholder of the value that an option still waits for. */
const optionAwaiting = (word: string | undefined, { options }: Usage): string | undefined =>
  options.find(({ name, short }) => word !== undefined && (word === name || word === short))?.value;

async function nameCandidates(
  { takes }: Usage,
  current: string,
  names: Typed['names'],
): Promise<readonly Candidate[]> {
  const takesSome = (...placeholders: string[]): boolean =>
    placeholders.some((placeholder) => takes.has(placeholder));
  const stages = takesSome('targets', 'stage', 'from');
  const overrides = takesSome('overrides');
  const sources = takesSome('path', 'source', 'from');
  if (!stages && !overrides && !sources && !takesSome('task')) return [];
  const project = await names();
  const about = (kind: string) => (word: string) => ({ word, about: kind });
  return [
    ...(stages ? project.stages.map(about('stage')) : []),
    ...(takesSome('task') ? project.tasks.map(about('task')) : []),
    ...(takesSome('targets', 'path', 'from') ? project.outs.map(about('out')) : []),
    ...(sources ? project.sources.map(about('source')) : []),
    ...(overrides ? overrideCandidates(current, project) : []),
  ];
}

/** Groups, and the options of the one that is chosen; keys once something is typed, for there are many. */
function overrideCandidates(current: string, { groups, keys }: ProjectNames): readonly Candidate[] {
  const [, sign = '', group = ''] = /^([+~]{0,2})([^=]*)=/.exec(current) ?? [];
  const options = groups[group];
  if (options !== undefined) {
    return options.map((option) => ({ word: `${sign}${group}=${option}`, about: 'config' }));
  }
  return [
    ...Object.keys(groups).map((name) => ({ word: `${name}=`, about: 'config group' })),
    ...(current === '' ? [] : keys.map((key) => ({ word: `${key}=`, about: 'parameter' }))),
  ];
}
