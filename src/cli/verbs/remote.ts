import { remote, type RemoteRequest } from '../../commands/remote.ts';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { remotesJson, remotesText } from '../../report/transfers.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { noWords, oneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { subVerb } from '../sub-verb.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  url: { type: 'string' },
  endpoint: { type: 'string' },
  default: { type: 'boolean', short: 'd', default: false },
  unset: { type: 'boolean', short: 'u', default: false },
  json: { type: 'boolean', default: false },
} as const;

type Options = {
  readonly url?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly default: boolean;
  readonly unset: boolean;
};

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const request = requestOf(positionals, options);
  if (!request.ok) return tellProblem(request.error, io);
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const done = await remote(request.value, context);
      return show(done, { text: remotesText, json: remotesJson }, options.json, io);
    },
  );
}

const VERBS = ['add', 'list', 'default', 'modify', 'remove'] as const;

function requestOf(words: readonly string[], options: Options): Result<RemoteRequest, Problem> {
  const verb = subVerb('remote', VERBS, words);
  if (!verb.ok) return verb;
  const { name: action, rest } = verb.value;
  if (action === 'list') {
    const none = noWords(rest, 'remote list');
    return none.ok ? ok({ verb: 'list' }) : none;
  }
  if (action === 'default' && options.unset) return ok({ verb: 'default', name: undefined });
  const [first, second, ...more] = rest;
  if (action === 'add') {
    if (first === undefined || second === undefined || more.length > 0) {
      const message = '`avian remote add` needs a name and a URL';
      return err(problem('usage', 'usage/wrong-words', message, 'avian remote --help'));
    }
    const { endpoint } = options;
    return ok({ verb: 'add', name: first, url: second, endpoint, isDefault: options.default });
  }
  const name = oneWord(rest, `remote ${action}`, 'the name of a remote');
  if (!name.ok) return name;
  if (action !== 'modify') return ok({ verb: action, name: name.value });
  const { url, endpoint } = options;
  if (url === undefined && endpoint === undefined) {
    const message = '`avian remote modify` needs --url or --endpoint';
    return err(problem('usage', 'usage/wrong-words', message, 'avian remote --help'));
  }
  return ok({ verb: 'modify', name: name.value, url, endpoint });
}
