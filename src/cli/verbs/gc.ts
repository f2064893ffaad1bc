import { gc, undoGc, type GcOptions } from '../../commands/gc.ts';
import { durationMs } from '../../config/quantities.ts';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { gcJson, gcText, gcUndoJson, gcUndoText } from '../../report/space.ts';
import { parseWords } from '../arguments.ts';
import { withSpace } from '../compose-space.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { noWords } from '../one-word.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  dry: { type: 'boolean', default: false },
  force: { type: 'boolean', short: 'f', default: false },
  'keep-runs': { type: 'string', default: '0' },
  'older-than': { type: 'string', default: '14d' },
  'empty-trash': { type: 'boolean', default: false },
  undo: { type: 'boolean', default: false },
  remote: { type: 'boolean', default: false },
  drop: { type: 'string', multiple: true },
  'drop-older-than': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const { remote, drop = [], force, json } = options;
  const dropAge = options['drop-older-than'];
  if (remote) {
    const age = dropAge === undefined ? ok(undefined) : durationOf('--drop-older-than', dropAge);
    if (!age.ok) return tellProblem(age.error, io);
    const dropOlderThanMs = age.value;
    const { runGcRemote } = await import('../remote-verbs.ts');
    const isForced = force && !options.dry;
    const asked = { words: positionals, drop, dropOlderThanMs, force: isForced, json };
    return runGcRemote(asked, io);
  }
  if (drop.length > 0 || dropAge !== undefined) {
    const option = drop.length > 0 ? '--drop' : '--drop-older-than';
    const message = `\`${option}\` is about a remote: \`avian gc --remote ${option} …\``;
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian gc --help'), io);
  }
  if (options.undo) return undo(options, positionals, io);
  const none = noWords(positionals, 'gc');
  if (!none.ok) return tellProblem(none.error, io);
  const keepRuns = countOf('--keep-runs', options['keep-runs']);
  if (!keepRuns.ok) return tellProblem(keepRuns.error, io);
  const olderThanMs = durationOf('--older-than', options['older-than']);
  if (!olderThanMs.ok) return tellProblem(olderThanMs.error, io);
  const asked: GcOptions = {
    ...{ dry: options.dry, force: options.force, emptyTrash: options['empty-trash'] },
    ...{ keepRuns: keepRuns.value, olderThanMs: olderThanMs.value },
  };
  const shown = { text: gcText, json: gcJson };
  return withSpace(io, async (context) => show(await gc(asked, context), shown, options.json, io));
}

function undo(
  options: { readonly dry: boolean; readonly force: boolean; readonly json: boolean },
  positionals: readonly string[],
  io: Io,
): Promise<ExitStatus> | ExitStatus {
  const [id, ...more] = positionals;
  if (more.length > 0 || options.dry || options.force) {
    const message = '`avian gc --undo` takes the id of a gc and no other option';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian gc --help'), io);
  }
  const shown = { text: gcUndoText, json: gcUndoJson };
  return withSpace(io, async (context) => show(await undoGc(id, context), shown, options.json, io));
}

const countOf = (option: string, text: string): Result<number, Problem> =>
  /^[0-9]{1,9}$/.test(text)
    ? ok(Number(text))
    : err(badValue(`\`${option}\` needs a whole number, not \`${text}\``));

const durationOf = (option: string, text: string): Result<number, Problem> =>
  /^(?:[0-9]+(?:\.[0-9]+)?(?:s|m|h|d|w))+$/.test(text)
    ? ok(durationMs(text))
    : err(badValue(`\`${option}\` needs a duration like 30d, 12h or 2w, not \`${text}\``));

const badValue = (message: string): Problem =>
  problem('usage', 'usage/bad-option', message, 'avian gc --help');
