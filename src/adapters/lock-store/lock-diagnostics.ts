import type { Diagnostic, Span } from '../../model/diagnostic.ts';
import { firstMarker } from './conflict-sides.ts';
import { parseWithPlaces } from './json-places.ts';
import type { Placed, PlacedMember } from './json-places.ts';

/** The lock's file, at the project's root. */
export const LOCK_FILE = 'pipeline.lock';

/** What is wrong at one place; `at` names the members that lead there. */
export interface LockFault {
  readonly code: 'lock/newer' | 'lock/unknown-field' | 'lock/invalid';
  readonly at: readonly string[];
  /** True when the fault is the member's name, not its value. */
  readonly name?: true;
  readonly message: string;
}

/** A lock that went through a wrong tool can be wrong in every line; these show what happened. */
const MOST = 20;

const HINTS = {
  'lock/conflict':
    '`avian merge-lock` merges it stage by stage, and nothing of either side is lost; ' +
    '`avian init` installs the merge driver that does so by itself',
  'lock/syntax': 'take the last good one (`git checkout pipeline.lock`) and run `avian repro`',
  'lock/newer': 'use the avian that your colleagues use, or a later one',
  'lock/duplicate':
    'keep one of the two, or take the last good file (`git checkout pipeline.lock`)',
} as const;

/** Finds the places of a lock's faults, and faults that only its text shows. */
export function diagnose(text: string, faults: readonly LockFault[]): Diagnostic[] {
  const conflict = firstMarker(text);
  if (conflict !== null) {
    const span = [conflict.index, conflict.index + conflict[0].trimEnd().length] as const;
    return [
      diagnostic(text, 'lock/conflict', 'git could not merge this file: it holds both sides', span),
    ];
  }
  const root = parseWithPlaces(text);
  if ('message' in root) {
    return [diagnostic(text, 'lock/syntax', root.message, [root.at, root.at + 1])];
  }
  // Cut before they are located: a line of ten megabytes with a million faults took hours.
  const found = faults
    .slice(0, MOST)
    .map(({ code, at, name, message }) =>
      diagnostic(text, code, message, placeOf(root, at, name === true)),
    );
  const twice: Diagnostic[] = [];
  for (const pair of duplicates(root)) {
    twice.push(duplicate(text, pair));
    if (twice.length === MOST) break;
  }
  return [...twice, ...found].sort(byPlace).slice(0, MOST);
}

const byPlace = (a: Diagnostic, b: Diagnostic): number =>
  (a.span?.line ?? 0) - (b.span?.line ?? 0) || (a.span?.column ?? 0) - (b.span?.column ?? 0);

function diagnostic(
  text: string,
  code: string,
  message: string,
  [start, end]: readonly [number, number],
): Diagnostic {
  const hint = code in HINTS ? HINTS[code as keyof typeof HINTS] : undefined;
  const { span, excerpt } = spanOf(text, start, end);
  return { severity: 'error', code, message, span, excerpt, ...(hint !== undefined && { hint }) };
}

/** The line is what a renderer shows; a place that spans lines is underlined on its first. */
function spanOf(text: string, start: number, end: number): { span: Span; excerpt: string } {
  const at = Math.min(start, text.length);
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const next = text.indexOf('\n', at);
  const excerpt = text.slice(lineStart, next < 0 ? text.length : next).replace(/\r$/, '');
  const line = text.slice(0, lineStart).split('\n').length;
  const column = at - lineStart + 1;
  const length = Math.max(1, Math.min(end - at, excerpt.length - column + 1));
  return { span: { file: LOCK_FILE, line, column, length }, excerpt };
}

/** Where the members named `at` lead; the innermost that exists when one is missing. */
function placeOf(root: Placed, at: readonly string[], name: boolean): readonly [number, number] {
  let here = root;
  let member: PlacedMember | undefined;
  for (const key of at) {
    if (here.value.kind !== 'object') break;
    // Of two with one name the last counts, as in JSON.parse.
    const next = here.value.members.findLast((each) => each.key === key);
    if (next === undefined)
      return member ? [member.keyStart, member.keyEnd] : [here.start, here.end];
    member = next;
    here = next.value;
  }
  return name && member ? [member.keyStart, member.keyEnd] : [here.start, here.end];
}

type Pair = readonly [earlier: PlacedMember, later: PlacedMember];

function* duplicates({ value }: Placed): Generator<Pair> {
  if (value.kind === 'array') for (const item of value.items) yield* duplicates(item);
  if (value.kind !== 'object') return;
  const first = new Map<string, PlacedMember>();
  for (const member of value.members) {
    const earlier = first.get(member.key);
    if (earlier === undefined) first.set(member.key, member);
    else yield [earlier, member];
    yield* duplicates(member.value);
  }
}

function duplicate(text: string, [earlier, { key, keyStart, keyEnd }]: Pair): Diagnostic {
  const also = [{ span: spanOf(text, earlier.keyStart, earlier.keyEnd).span }];
  const message = `\`${key}\` is here twice`;
  return { ...diagnostic(text, 'lock/duplicate', message, [keyStart, keyEnd]), also };
}
